/** Stand-in for src/key/pair.ts: key pairs whose public half is a hash of the private one. For simulated lives only. */
import { hash } from "node:crypto";
import { Fault } from "../../../src/fault.ts";
import type { Entropy, Signer } from "../../../src/port.ts";
import { standInSignature } from "./signature.ts";
import type { CurveName } from "./verify.ts";

export const CURVE_BYTES = { "P-256": 32, "P-384": 48 } as const;

export class KeyPair implements Signer {
	readonly #scalar: Uint8Array;
	#publicKey: Uint8Array | undefined;

	constructor(scalar: Uint8Array) {
		if ((scalar.length !== 32 && scalar.length !== 48) || scalar.every((byte) => byte === 0))
			throw new Fault("key.invalid", "scalar must be 32 or 48 bytes in 1..n-1");
		this.#scalar = scalar.slice();
	}

	get publicKey(): Uint8Array {
		if (this.#publicKey === undefined) {
			this.#publicKey = new Uint8Array(1 + 2 * this.#scalar.length);
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

export function generateKeyPair(entropy: Entropy, curve: CurveName = "P-256"): KeyPair {
	const scalar = new Uint8Array(CURVE_BYTES[curve]);
	entropy.fill(scalar);
	return new KeyPair(scalar);
}

export function curveOf({ length }: Uint8Array): CurveName {
	return length > 65 ? "P-384" : "P-256";
}

export const keyCurves = (): readonly CurveName[] => ["P-256", "P-384"];
