/**
 * Secret multiples of another's point, for ECDH: a fixed window of four bits with signed odd digits (Joye and Tunstall, "Exponent
 * recoding and regular exponentiation algorithms", 2009), so that no digit is zero and every multiplication is the same
 * sequence of doublings and additions. What comb.ts says of BigInt, and of scalars outside 1..n-1, is true here.
 */
import type { WeierstrassPointCons } from "@noble/curves/abstract/weierstrass.js";
import type { Affine, Formulas, Jacobian } from "./jacobian.ts";
import { oddMultiples } from "./multiples.ts";
import { digitsOf } from "./signed.ts";

const WIDTH = 4;
const DIGIT_MASK = 15;
/** Digits that are taken off the scalar at once, as an integer of 32 bits. */
const GROUP = 7;

const ONE = BigInt(1);
const GROUP_BITS = BigInt(GROUP * WIDTH);
const GROUP_MASK = (ONE << GROUP_BITS) - ONE;

export type MultiplyPoint = (q: Affine, scalar: bigint) => Jacobian;

/** `multiplyPoint(Q, k)` is k Q, or has Z = 0 modulo p where the formulas met an exception. */
export function window<P>(
	Point: WeierstrassPointCons<bigint>,
	formulas: Formulas<P>,
	random: () => bigint,
): MultiplyPoint {
	const { Fp, Fn } = Point;
	const { point, add, double, coordinates } = formulas;
	const multiples = oddMultiples(Fp, formulas);
	const { select, signed } = digitsOf(Fp.ORDER, WIDTH);
	// k + 2 n has two bits more than n.
	const count = Math.ceil((Fn.BITS + 2) / WIDTH);
	const even = Object.freeze({ n: Fn.ORDER });
	const odd = Object.freeze({ n: Fn.ORDER + Fn.ORDER });
	const allOnes = (ONE << BigInt(WIDTH * count)) - ONE;

	/** From the lowest. The scalar is the sum of (2 digit - 15) 16^i. */
	const recode = (scalar: bigint): Uint8Array => {
		const parity = scalar & ONE ? odd : even;
		let rest = (scalar + parity.n + allOnes) >> ONE;
		const digits = new Uint8Array(count);
		for (let at = 0; at < count; rest >>= GROUP_BITS) {
			let group = Number(rest & GROUP_MASK);
			for (const end = Math.min(at + GROUP, count); at < end; at++, group >>= WIDTH) digits[at] = group & DIGIT_MASK;
		}
		return digits;
	};

	return (q, scalar) => {
		const digits = recode(scalar);
		const entries = multiples(q);
		let at = count - 1;
		const first = digits[at]!;
		const start = select(entries, first);
		const a = point(start.x, signed(first, start.y), random());
		while (at--) {
			const digit = digits[at]!;
			double(a);
			double(a);
			double(a);
			double(a);
			const { x, y } = select(entries, digit);
			add(a, x, signed(digit, y));
		}
		return coordinates(a);
	};
}
