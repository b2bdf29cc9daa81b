/**
 * u1 G + u2 Q for signature checks: two signed sliding windows (wNAF; Hankerson, Menezes, Vanstone, algorithm 3.51)
 * over one chain of doublings. G's odd multiples come from ROM, Q's are made here.
 *
 * Public values only: run time depends on them. u1 and u2 of zero and Q at infinity are the caller's to refuse.
 */
import { normalizeZ } from "@noble/curves/abstract/curve.js";
import type { WeierstrassPointCons } from "@noble/curves/abstract/weierstrass.js";
import { type Affine, type Formulas, frozen, type Jacobian } from "./jacobian.ts";
import { oddMultiples } from "./multiples.ts";

/** 64 points, 8 KB of flash: one addition in nine doublings. */
const BASE_WINDOW = 8;
/** For multiples.ts's eight points: one addition in six doublings. */
const KEY_WINDOW = 5;

const ZERO = BigInt(0);
const ONE = BigInt(1);

const LIMB_BITS = 16;
const LIMB = BigInt(LIMB_BITS);
const LIMB_MASK = (ONE << LIMB) - ONE;

export type MulAdd = (u1: bigint, q: Affine, u2: bigint) => Jacobian;

/** `mulAdd(u1, Q, u2)` has Z = 0 modulo p where the formulas met an exception, infinity included. */
export function ladder<P>(Point: WeierstrassPointCons<bigint>, formulas: Formulas<P>): MulAdd {
	const { point, add, double, coordinates } = formulas;
	const { Fp } = Point;
	const p = Fp.ORDER;
	const ofBase = makeTable(Point);
	const multiples = oddMultiples(Fp, formulas);

	return (u1, q, u2) => {
		const base = windows(u1, BASE_WINDOW);
		const key = windows(u2, KEY_WINDOW);
		const ofKey = multiples(q);
		let a: P | undefined;
		const addDigit = (digit: number, table: readonly Affine[]): void => {
			const { x, y } = table[(digit < 0 ? -digit : digit) >> 1]!;
			const signed = digit < 0 ? p - y : y;
			if (a) add(a, x, signed);
			else a = point(x, signed, ONE);
		};
		for (let i = Math.max(base.length, key.length) - 1; i >= 0; i--) {
			if (a) double(a);
			if (key[i]) addDigit(key[i]!, ofKey);
			if (base[i]) addDigit(base[i]!, ofBase);
		}
		return a ? coordinates(a) : { X: ZERO, Y: ONE, Z: ZERO, factor: ONE };
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
