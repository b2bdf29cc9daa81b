/**
 * Signature checks of other people's keys: P-256 with SHA-256 and P-384 with SHA-384 (FIPS 186-5 section 6.4.2).
 *
 * High-S signatures are accepted: OpenSSL makes them half of the time. Public values only, so nothing here needs to be
 * constant time.
 */
import type { CurveName } from "../port.ts";
import { p256, p384 } from "./ecdsa.ts";

export type { CurveName };

/**
 * `publicKey`: SEC1 uncompressed point. `digest`: 32 or 48 bytes. `signature`: DER ECDSA-Sig-Value.
 * False for anything malformed, out of range or wrong; never throws.
 */
export function verify(curve: CurveName, publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
	return check(curve, publicKey, digest, signature, "der");
}

/** The same for the raw form r || s (COSE, RFC 9053 section 2.1). */
export function verifyRaw(curve: CurveName, publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
	return check(curve, publicKey, digest, signature, "compact");
}

function check(
	curve: CurveName,
	publicKey: Uint8Array,
	digest: Uint8Array,
	signature: Uint8Array,
	format: "der" | "compact",
): boolean {
	try {
		const scheme = curve === "P-256" ? p256 : p384;
		return scheme.verify(signature, digest, publicKey, { prehash: false, lowS: false, format });
	} catch {
		return false;
	}
}
