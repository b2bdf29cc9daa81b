/** Stand-in for src/key/p256.ts: key pairs whose public half is a hash of the private one. For simulated lives only. */
import { hash } from "node:crypto";
import { Fault } from "../../../src/fault.ts";
import type { Entropy, Signer } from "../../../src/port.ts";
import { standInSignature } from "./signature.ts";

export const SCALAR_BYTES = 32;

export class KeyPair implements Signer {
	readonly #scalar: Uint8Array;
	#publicKey: Uint8Array | undefined;

	constructor(scalar: Uint8Array) {
		if (scalar.length !== SCALAR_BYTES || scalar.every((byte) => byte === 0))
			throw new Fault("key.invalid", "scalar must be 32 bytes in 1..n-1");
		this.#scalar = scalar.slice();
	}

	get publicKey(): Uint8Array {
		if (this.#publicKey === undefined) {
			this.#publicKey = new Uint8Array(65);
			this.#publicKey[0] = 4;
			this.#publicKey.set(hash("sha512", this.#scalar, "buffer"), 1);
		}
		return this.#publicKey;
	}

	sign(digest: Uint8Array): Uint8Array {
		return standInSignature(this.publicKey, digest);
	}

	scalar(): Uint8Array {
		return this.#scalar.slice();
	}
}

export function generateKeyPair(entropy: Entropy): KeyPair {
	const scalar = new Uint8Array(SCALAR_BYTES);
	entropy.fill(scalar);
	return new KeyPair(scalar);
}
