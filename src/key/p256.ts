/**
 * The device's key pair: P-256 (FIPS 186-5, SEC 1), RFC 6979 deterministic ECDSA, low-S signatures.
 *
 * The private key is a 32-byte scalar in 1..n-1. It is held in a private field so that no log, error or inspection
 * shows it; `scalar()` is for the store and for platforms whose TLS wants the key itself.
 */
import { Fault } from "../fault.ts";
import type { Entropy, Signer } from "../port.ts";
import { p256 } from "./ecdsa.ts";

export const SCALAR_BYTES = 32;

export class KeyPair implements Signer {
	readonly #scalar: Uint8Array;
	/** SEC1 uncompressed point, 65 bytes. */
	readonly publicKey: Uint8Array;

	/** Throws Fault key.invalid unless `scalar` is 32 bytes, big endian, in 1..n-1. */
	constructor(scalar: Uint8Array) {
		if (!p256.utils.isValidSecretKey(scalar)) throw new Fault("key.invalid", "scalar must be 32 bytes in 1..n-1");
		this.#scalar = scalar.slice();
		this.publicKey = p256.getPublicKey(this.#scalar, false);
	}

	sign(digest: Uint8Array): Uint8Array {
		return p256.sign(digest, this.#scalar, { prehash: false, format: "der", lowS: true });
	}

	scalar(): Uint8Array {
		return this.#scalar.slice();
	}
}

/** Draws scalars until one is in 1..n-1 (the first, in all but 2^-32 of cases). */
export function generateKeyPair(entropy: Entropy): KeyPair {
	const scalar = new Uint8Array(SCALAR_BYTES);
	for (let attempt = 0; attempt < 8; attempt++) {
		entropy.fill(scalar);
		if (p256.utils.isValidSecretKey(scalar)) return new KeyPair(scalar);
	}
	throw new Fault("key.invalid", "entropy source gave 8 scalars outside 1..n-1");
}
