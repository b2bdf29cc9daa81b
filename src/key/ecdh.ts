/**
 * ECDH with an ephemeral key (SP 800-56A Rev. 3 section 5.7.1.2) on P-256 and P-384, for TLS (RFC 8422 section 5.10).
 *
 * `scalar`: 32 or 48 bytes, big endian, drawn anew for each exchange. RangeError outside 1..n-1, which one draw in 2^32 is on
 * P-256: the handshake fails, and is tried again.
 */
import { SIGNS } from "#curves";
import type { CurveName } from "../port.ts";
import { OPERATIONS, p256, p384 } from "./ecdsa.ts";

/** Our side of the exchange: SEC1 uncompressed point. */
export function ephemeralPoint(curve: CurveName, scalar: Uint8Array): Uint8Array {
	// A build that makes no keys on the curve has no table for its base point.
	if (SIGNS[curve]) return (curve === "P-256" ? p256 : p384).getPublicKey(scalar, false);
	const { Point, multiply } = OPERATIONS[curve];
	return multiply(Point.BASE, Point.Fn.fromBytes(scalar)).toBytes(false);
}

/** The shared secret, the x coordinate, 32 or 48 bytes. Throws for bytes that are no uncompressed point of the curve. */
export function sharedSecret(curve: CurveName, scalar: Uint8Array, theirs: Uint8Array): Uint8Array {
	const { Point, multiply } = OPERATIONS[curve];
	if (theirs.length !== 2 * Point.Fp.BYTES + 1) throw new RangeError("ecdh: expected an uncompressed point");
	const { x } = multiply(Point.fromBytes(theirs), Point.Fn.fromBytes(scalar)).toAffine();
	return Point.Fp.toBytes(x);
}
