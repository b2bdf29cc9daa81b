/**
 * `curve`, in place of the SDK's: ECDH of the key room instead of arithmetic whose run time and memory tell of the secret. The
 * names and the byte forms are those that the SDK's handshake expects.
 */
import { ephemeralPoint, sharedSecret } from "../../../src/key/ecdh.ts";
import { CURVE_BYTES } from "../../../src/key/pair.ts";
import type { CurveName } from "../../../src/port.ts";

const NAMES: Readonly<Record<string, CurveName>> = Object.freeze({ secp256r1: "P-256", secp384r1: "P-384" });

export default class Curve {
	readonly #name: CurveName;
	/** Of a scalar and of a coordinate, in bytes. */
	readonly orderSize: number;

	constructor(name: string) {
		this.#name = NAMES[name]!;
		this.orderSize = CURVE_BYTES[this.#name];
	}

	/** Our point, or with theirs the shared secret. */
	dh(scalar: ArrayBuffer, theirs?: ArrayBuffer): ArrayBuffer {
		const secret = new Uint8Array(scalar);
		const made =
			theirs === undefined
				? ephemeralPoint(this.#name, secret)
				: sharedSecret(this.#name, secret, new Uint8Array(theirs));
		return made.buffer as ArrayBuffer;
	}

	/** What `dh` gave for their point is the secret itself. */
	Z(secret: ArrayBuffer): ArrayBuffer {
		return secret;
	}
}
