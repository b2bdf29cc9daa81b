/** `#self-test`: the replacements of a curve's multiplications against noble's own. */
import type { WeierstrassPoint, WeierstrassPointCons } from "@noble/curves/abstract/weierstrass.js";

type Point = WeierstrassPoint<bigint>;
type Points = WeierstrassPointCons<bigint>;

const ONE = BigInt(1);

/** Ends, low and high bits, even and odd. Throws, and the build fails, with the first difference. */
export function selfTest(
	Point: Points,
	multiply: (k: bigint) => Point,
	multiplyOther: (q: Point, k: bigint) => Point,
	mulAdd: (a: bigint, q: Point, b: bigint) => Point,
): void {
	const { Fp, Fn, BASE } = Point;
	const n = Fn.ORDER;
	for (const k of [ONE, ONE + ONE, n - ONE, n >> ONE, Fp.ORDER % n, Fn.sqr(Fn.create(Fp.ORDER >> ONE))]) {
		const point = BASE.multiplyUnsafe(k);
		const sum = BASE.mulAddUnsafe(k, point, k);
		const other = multiplyOther(BASE, k);
		if (!multiply(k).equals(point) || !other.equals(point) || !mulAdd(k, point, k).equals(sum))
			throw new Error("key: self test failed");
	}
}
