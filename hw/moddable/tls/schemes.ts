/** SignatureAndHashAlgorithm (RFC 5246 section 7.4.1.4.1): those we can check, in the order we offer them. */
import type { SignatureAlgorithm } from "../../../src/x509/signature.ts";

export interface Scheme {
	readonly hash: number;
	readonly sig: number;
	readonly algorithm: SignatureAlgorithm;
}

export const SIGNATURE_RSA = 1;
export const SIGNATURE_ECDSA = 3;
export const HASH_SHA256 = 4;
export const HASH_SHA384 = 5;
const HASH_SHA512 = 6;

/** SHA-384 and SHA-512 are for chains such as the real service's, whose RSA intermediates sign with them. */
export const SCHEMES: readonly Scheme[] = Object.freeze([
	{ hash: HASH_SHA256, sig: SIGNATURE_ECDSA, algorithm: "ecdsa-sha256" },
	{ hash: HASH_SHA256, sig: SIGNATURE_RSA, algorithm: "rsa-sha256" },
	{ hash: HASH_SHA384, sig: SIGNATURE_ECDSA, algorithm: "ecdsa-sha384" },
	{ hash: HASH_SHA384, sig: SIGNATURE_RSA, algorithm: "rsa-sha384" },
	{ hash: HASH_SHA512, sig: SIGNATURE_RSA, algorithm: "rsa-sha512" },
] as const);
