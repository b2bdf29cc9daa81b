/**
 * A prime field for noble with Barrett reduction (Handbook of Applied Cryptography, 14.42): two multiplications and
 * two shifts instead of a division, which XS does digit by digit.
 *
 * Operands and results are canonical, 0..order-1, as noble expects. The order must have its top bit set and a length
 * that is a multiple of 32 bits; others are refused.
 */
import { Field, FpPow, type IField } from "@noble/curves/abstract/modular.js";
import { inversion } from "./inverse.ts";

/**
 * For t between -2^(2 bits + 4) and 2^(2 bits + 4), t - ((t >> low) * mu >> high) * order is congruent to t and lies
 * between 0 and the order, give or take one part in 2^26 of it. (XS shifts a negative number whose lost bits are all
 * zero one too low: one order more, at odds of 2^-200.)
 */
export interface Barrett {
	readonly low: bigint;
	readonly high: bigint;
	readonly mu: bigint;
}

const ZERO = BigInt(0);
const ONE = BigInt(1);
const FOUR = BigInt(4);
const WORD = 32;

export function barrett(order: bigint): Barrett {
	const bits = order.toString(2).length;
	if (bits % WORD !== 0) throw new RangeError("field: order is not a whole number of words");
	const low = BigInt(bits - WORD);
	const high = BigInt(bits + 2 * WORD - 1);
	return Object.freeze({ low, high, mu: (ONE << (low + high)) / order });
}

export function barrettField(order: bigint): IField<bigint> {
	const { low, high, mu } = barrett(order);
	const plain = Field(order);
	const exponent = (order + ONE) / FOUR;

	const reduce = (t: bigint): bigint => {
		const r = t - (((t >> low) * mu) >> high) * order;
		return r >= order ? r - order : r < ZERO ? r + order : r;
	};
	const invert = inversion(order);
	const own: Partial<IField<bigint>> = {
		create: (a) => {
			const r = a % order;
			return r < ZERO ? r + order : r;
		},
		mul: (a, b) => reduce(a * b),
		sqr: (a) => reduce(a * a),
		add: (a, b) => {
			const r = a + b;
			return r >= order ? r - order : r;
		},
		sub: (a, b) => {
			const r = a - b;
			return r < ZERO ? r + order : r;
		},
		neg: (a) => (a ? order - a : a),
		is0: (a) => typeof a === "bigint" && !a,
		pow: (a, e) => FpPow(field, a, e),
		// Both ways of reducing must agree: a constant with a flipped bit does not pass here.
		inv: (a) => {
			const inverse = invert(a);
			if (!field.eql(reduce(a * inverse), ONE)) throw new RangeError("field: inverse is wrong");
			return inverse;
		},
	};
	// p = 3 mod 4 for both curves; n is no such prime, and nothing takes roots modulo n.
	if ((order & ONE) * ((order >> ONE) & ONE))
		own.sqrt = (a) => {
			const root = field.pow(a, exponent);
			if (!field.eql(field.sqr(root), a)) throw new RangeError("field: no square root");
			return root;
		};
	const field: IField<bigint> = Object.freeze(
		Object.create(plain, {
			...Object.getOwnPropertyDescriptors(plain),
			...Object.getOwnPropertyDescriptors(own),
		}),
	);
	return field;
}
