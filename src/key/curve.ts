/**
 * NIST P-256 and P-384 (SP 800-186 section 3.2.1): y^2 = x^3 - 3x + b over the integers modulo p, base point of prime
 * order n. Both p and n have exactly 256 or 384 bits, which the reductions of this room rely on.
 *
 * BigInt(...) rather than literals: a constant made once lies in ROM, a literal is allocated at each use.
 */
import type { WeierstrassOpts, WeierstrassPoint, WeierstrassPointCons } from "@noble/curves/abstract/weierstrass.js";

export type Curve = WeierstrassOpts<bigint>;

/** What `#formulas` makes of a curve. */
export interface CurveOperations {
	/** noble's; for ECDSA. */
	readonly Point: WeierstrassPointCons<bigint>;
	/** A secret multiple of another's point. RangeError for a scalar outside 1..n-1. */
	multiply(point: WeierstrassPoint<bigint>, scalar: bigint): WeierstrassPoint<bigint>;
}

export const P256: Curve = Object.freeze({
	p: BigInt("0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff"),
	n: BigInt("0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
	h: BigInt(1),
	a: BigInt("0xffffffff00000001000000000000000000000000fffffffffffffffffffffffc"),
	b: BigInt("0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"),
	Gx: BigInt("0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"),
	Gy: BigInt("0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"),
});

export const P384: Curve = Object.freeze({
	p: BigInt("0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff"),
	n: BigInt("0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"),
	h: BigInt(1),
	a: BigInt("0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000fffffffc"),
	b: BigInt("0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef"),
	Gx: BigInt("0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7"),
	Gy: BigInt("0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f"),
});
