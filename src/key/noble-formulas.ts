/**
 * `#formulas`, flavour "noble-formulas": point arithmetic, tables, recoding and scalar blinding all noble's; only the
 * arithmetic modulo p and n is replaced, by Barrett's. For those who want the least code that is not noble's.
 */
import { weierstrass } from "@noble/curves/abstract/weierstrass.js";
import type { Curve, CurveOperations } from "./curve.ts";
import { barrettField } from "./field.ts";
import { randomBytes } from "./gate.ts";

export const flavour = "noble-formulas";

/** Signed windows of this width for the base point, made when the curve is: for a device, in its ROM. */
const WINDOW = 5;

export function makeCurve(curve: Curve, { signs }: { signs: boolean }): CurveOperations {
	const Point = weierstrass(curve, { Fp: barrettField(curve.p), Fn: barrettField(curve.n), randomBytes });
	Point.BASE.precompute(signs ? WINDOW : 1, !signs);
	return Object.freeze<CurveOperations>({ Point, multiply: (point, scalar) => point.multiply(scalar) });
}
