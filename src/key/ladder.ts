/**
 * u1 G + u2 Q for signature checks: two signed sliding windows (wNAF; Hankerson, Menezes, Vanstone, algorithm 3.51)
 * over one chain of doublings. G's odd multiples come from ROM, Q's are made here.
 *
 * Public values only: run time depends on them. u1 and u2 of zero and Q at infinity are the caller's to refuse.
 */
import { normalizeZ } from "@noble/curves/abstract/curve.js";
import type { WeierstrassPointCons } from "@noble/curves/abstract/weierstrass.js";
import { type Affine, type Formulas, frozen, type Jacobian } from "./jacobian.ts";

/** 64 points, 8 KB of flash: one addition in nine doublings. */
const BASE_WINDOW = 8;
/** Eight points, made for each signature: one addition in six doublings. */
const KEY_WINDOW = 5;

const ZERO = BigInt(0);
const ONE = BigInt(1);

const LIMB_BITS = 16;
const LIMB = BigInt(LIMB_BITS);
const LIMB_MASK = (ONE << LIMB) - ONE;

export type MulAdd = (u1: bigint, q: Affine, u2: bigint) => Jacobian;

/** `mulAdd(u1, Q, u2)` has Z = 0 modulo p where the formulas met an exception, infinity included. */
export function ladder(Point: WeierstrassPointCons<bigint>, { add, double }: Formulas): MulAdd {
	const { Fp } = Point;
	const p = Fp.ORDER;
	const ofBase = makeTable(Point);

	/**
	 * 1, 3, 5 ... times q. On the isomorphic curve where 2 q has Z = 1 each is one mixed addition from the last, and
	 * one inversion serves them all: on the way back each Z differs by the factor of its addition.
	 */
	const oddMultiples = (q: Affine): Affine[] => {
		const twice = { X: q.x, Y: q.y, Z: ONE };
		double(twice);
		const z = twice.Z;
		const zz = Fp.sqr(z);
		const a = { X: Fp.mul(q.x, zz), Y: Fp.mul(q.y, Fp.mul(zz, z)), Z: ONE };
		const multiples: { X: bigint; Y: bigint; factor: bigint }[] = [];
		for (let i = 1; i < 1 << (KEY_WINDOW - 2); i++) {
			const factor = add(a, twice.X, twice.Y);
			multiples.push({ X: a.X, Y: a.Y, factor });
		}
		let inverse = Fp.inv(Fp.mul(a.Z, z));
		const odd: Affine[] = [];
		for (let multiple = multiples.pop(); multiple; multiple = multiples.pop()) {
			const { X, Y, factor } = multiple;
			const square = Fp.sqr(inverse);
			odd.push({ x: Fp.mul(X, square), y: Fp.mul(Y, Fp.mul(square, inverse)) });
			inverse = Fp.mul(inverse, factor);
		}
		odd.push(q);
		return odd.reverse();
	};

	return (u1, q, u2) => {
		const base = windows(u1, BASE_WINDOW);
		const key = windows(u2, KEY_WINDOW);
		const ofKey = oddMultiples(q);
		let a: Jacobian | undefined;
		const addDigit = (digit: number, table: readonly Affine[]): void => {
			const { x, y } = table[(digit < 0 ? -digit : digit) >> 1]!;
			const signed = digit < 0 ? p - y : y;
			if (a) add(a, x, signed);
			else a = { X: x, Y: signed, Z: ONE };
		};
		for (let i = Math.max(base.length, key.length) - 1; i >= 0; i--) {
			if (a) double(a);
			if (key[i]) addDigit(key[i]!, ofKey);
			if (base[i]) addDigit(base[i]!, ofBase);
		}
		return a ?? { X: ZERO, Y: ONE, Z: ZERO };
	};
}

/**
 * The sum of digits[at] * 2^at is the scalar. Digits other than zero are odd, below 2^(width - 1) in size, and at least
 * `width` apart.
 */
function windows(scalar: bigint, width: number): Int8Array {
	const limbs: number[] = [];
	for (let rest = scalar; rest; rest >>= LIMB) limbs.push(Number(rest & LIMB_MASK));
	const bits = LIMB_BITS * limbs.length;
	const digits = new Int8Array(bits + 1);
	// What is left is (scalar >> at) + carry.
	let carry = 0;
	for (let at = 0; at < bits || carry; ) {
		const offset = at & (LIMB_BITS - 1);
		const limb = at >> 4;
		const seen = (((limbs[limb] ?? 0) >> offset) | ((limbs[limb + 1] ?? 0) << (LIMB_BITS - offset))) + carry;
		const low = seen & 0xff;
		if (!low) {
			at += 8;
			continue;
		}
		const zeros = 31 - Math.clz32(low & -low);
		at += zeros;
		let digit = (seen >> zeros) & ((1 << width) - 1);
		carry = digit >> (width - 1);
		digit -= carry << width;
		digits[at] = digit;
		at += width;
	}
	return digits;
}

/** G, 3 G, 5 G ... */
function makeTable(Point: WeierstrassPointCons<bigint>): readonly Affine[] {
	const twice = Point.BASE.double();
	const points = [Point.BASE];
	for (let i = 1; i < 1 << (BASE_WINDOW - 2); i++) points.push(points[i - 1]!.add(twice));
	return frozen(normalizeZ(Point, points).map((point) => point.toAffine()));
}
