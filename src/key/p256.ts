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

export interface KeyPairOptions {
	/** Verify each signature before it leaves, against faults that an attacker induces. Takes four times as long. */
	readonly checked?: boolean;
}

const OPTIONS = Object.freeze({ prehash: false, format: "der", lowS: true });

export class KeyPair implements Signer {
	readonly #scalar: Uint8Array;
	readonly #checked: boolean;
	/** SEC1 uncompressed point, 65 bytes. */
	readonly publicKey: Uint8Array;

	/** Throws Fault key.invalid unless `scalar` is 32 bytes, big endian, in 1..n-1. */
	constructor(scalar: Uint8Array, { checked = false }: KeyPairOptions = {}) {
		if (!p256.utils.isValidSecretKey(scalar)) throw new Fault("key.invalid", "scalar must be 32 bytes in 1..n-1");
		this.#scalar = scalar.slice();
		this.#checked = checked;
		this.publicKey = computed(() => p256.getPublicKey(this.#scalar, false));
	}

	sign(digest: Uint8Array): Uint8Array {
		const signature = computed(() => p256.sign(digest, this.#scalar, OPTIONS));
		const sound = isLowS(signature) && (!this.#checked || p256.verify(signature, digest, this.publicKey, OPTIONS));
		if (!sound) throw new Fault("key.fault", "a signature was made wrong");
		return signature;
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

/** What goes wrong in here with a good scalar is the machine's fault. Its text could quote intermediate values. */
function computed(operation: () => Uint8Array): Uint8Array {
	try {
		return operation();
	} catch {
		throw new Fault("key.fault", "a computation with the key failed its checks");
	}
}

/** The second INTEGER of ECDSA-Sig-Value has no 33rd byte: noble's choice of s, seen from outside. */
const isLowS = (signature: Uint8Array): boolean => signature[5 + signature[3]!]! <= SCALAR_BYTES;
