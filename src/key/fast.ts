/**
 * `#formulas`, the default: noble's curve with its field operations replaced by Barrett's and its two multiplications of
 * the base point by the comb and the ladder of this room, over the point formulas of `#jacobian`.
 *
 * Everything else stays noble's: encodings, range checks, RFC 6979, the ECDSA equations. Each computed point goes back
 * through noble and must lie on the curve; where the incomplete formulas meet an exception, noble's complete ones
 * compute the result. The replacements are compared with noble's own when the curve is made (self-test.ts), which for a device is
 * when its ROM image is linked, and for the command line when it is built.
 */
import { type WeierstrassPoint, type WeierstrassPointCons, weierstrass } from "@noble/curves/abstract/weierstrass.js";
import { bytesToNumberBE } from "@noble/curves/utils.js";
import { formulas } from "#jacobian";
import { selfTest } from "#self-test";
import { comb } from "./comb.ts";
import type { Curve, CurveOperations } from "./curve.ts";
import { barrettField } from "./field.ts";
import { randomBytes } from "./gate.ts";
import type { Jacobian } from "./jacobian.ts";
import { ladder } from "./ladder.ts";
import { window } from "./window.ts";

export { flavour } from "#jacobian";

type Point = WeierstrassPoint<bigint>;
type Points = WeierstrassPointCons<bigint>;

const ONE = BigInt(1);

/** `signs`: whether secret multiples of the base point are wanted; without, their table takes no flash. */
export function makeCurve(curve: Curve, { signs }: { signs: boolean }): CurveOperations {
	const Fp = barrettField(curve.p);
	const Point = weierstrass(curve, { Fp, Fn: barrettField(curve.n), randomBytes });
	const { Fn, BASE } = Point;
	// No table in RAM for the multiplications that stay noble's.
	BASE.precompute(1);

	const random = (): bigint => Fp.create(bytesToNumberBE(randomBytes(Fp.BYTES))) || ONE;
	const arithmetic = formulas(curve.p);
	const multiplyBase = signs ? comb(Point, arithmetic, random) : undefined;
	const mulAddBase = ladder(Point, arithmetic);
	const multiplyPoint = window(Point, arithmetic, random);

	/** Undefined at infinity and after an exception. */
	const toPoint = ({ X, Y, Z }: Jacobian): Point | undefined => {
		const z = Fp.create(Z);
		if (!z) return undefined;
		const iz = Fp.inv(z);
		const izz = Fp.sqr(iz);
		const point = Point.fromAffine({ x: Fp.mul(X, izz), y: Fp.mul(Y, Fp.mul(izz, iz)) });
		point.assertValidity();
		return point;
	};
	const multiply = (scalar: bigint): Point => {
		if (!Fn.isValidNot0(scalar)) throw new RangeError("invalid scalar: out of range");
		return (multiplyBase && toPoint(multiplyBase(scalar))) ?? BASE.multiply(scalar);
	};
	const multiplyOther = (q: Point, scalar: bigint): Point => {
		if (!Fn.isValidNot0(scalar)) throw new RangeError("invalid scalar: out of range");
		return toPoint(multiplyPoint(q.toAffine(), scalar)) ?? q.multiply(scalar);
	};
	const mulAddUnsafe = (u1: bigint, q: Point, u2: bigint): Point => {
		const usual = Fn.isValidNot0(u1) && Fn.isValidNot0(u2) && !q.is0();
		return (usual && toPoint(mulAddBase(u1, q.toAffine(), u2))) || BASE.mulAddUnsafe(u1, q, u2);
	};
	selfTest(Point, multiply, multiplyOther, mulAddUnsafe);

	const base = Object.freeze(
		Object.create(BASE, { multiply: { value: multiply }, mulAddUnsafe: { value: mulAddUnsafe } }),
	);
	class FastPoint extends (Point as unknown as new () => Point) {
		static readonly BASE = base;
	}
	return Object.freeze({ Point: Object.freeze(FastPoint) as unknown as Points, multiply: multiplyOther });
}
