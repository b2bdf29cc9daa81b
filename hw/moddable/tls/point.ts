/**
 * Is it a point of P-256 or P-384 (SEC 1 section 3.2.2.1)? RFC 8422 section 5.11 demands the check before ECDH; the SDK makes
 * none.
 */
import { P256, P384 } from "../../../src/key/curve.ts";

/** NamedCurve, RFC 8422 section 5.1.1. */
export const SECP256R1 = 23;
export const SECP384R1 = 24;

/** Of an uncompressed point. */
export const pointBytes = (group: number): number => (group === SECP384R1 ? 97 : 65);

/** Uncompressed only. Comparisons avoid ===, which is wrong in XS between a BigInt in ROM and one in RAM. */
export function isPoint(group: number, bytes: Uint8Array): boolean {
	if (bytes.length !== pointBytes(group) || bytes[0] !== 4) return false;
	const { p, a, b } = group === SECP384R1 ? P384 : P256;
	const middle = 1 + (bytes.length - 1) / 2;
	const x = BigInt.fromArrayBuffer(bytes.slice(1, middle).buffer);
	const y = BigInt.fromArrayBuffer(bytes.slice(middle).buffer);
	return x < p && y < p && !((y * y - (x * x + a) * x - b) % p);
}
