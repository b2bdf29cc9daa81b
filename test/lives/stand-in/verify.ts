/** Stand-in for src/key/verify.ts: accepts what the stand-in keys sign, refuses everything else. For simulated lives only. */
import { concat, equal } from "../../../src/base/bytes.ts";
import { standInSignature } from "./signature.ts";

export type CurveName = "P-256" | "P-384";

export function verify(_curve: CurveName, publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
	return equal(standInSignature(publicKey, digest), signature);
}

/** r || s, 32 bytes each, as bundles have it. */
export function verifyRaw(
	_curve: CurveName,
	publicKey: Uint8Array,
	digest: Uint8Array,
	signature: Uint8Array,
): boolean {
	const der = standInSignature(publicKey, digest);
	return equal(concat(der.subarray(4, 36), der.subarray(38, 70)), signature);
}
