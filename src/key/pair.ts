/**
 * The device's key pair: P-256 or P-384 (FIPS 186-5, SEC 1), RFC 6979 deterministic ECDSA, low-S signatures.
 *
 * The private key is a scalar in 1..n-1, 32 bytes on P-256 and 48 on P-384, so that its length names the curve. It is held in
 * a private field so that no log, error or inspection shows it; `scalar()` is for the store and for platforms whose TLS
 * wants the key itself.
 */
import { SIGNS } from "#curves";
import { Fault } from "../fault.ts";
import type { Entropy, Signer } from "../port.ts";
import { p256, p384 } from "./ecdsa.ts";
import type { CurveName } from "./verify.ts";

/** Of a scalar, of a coordinate, and of the digest that is signed: SHA-256 on P-256, SHA-384 on P-384. */
export const CURVE_BYTES: Readonly<Record<CurveName, number>> = Object.freeze({ "P-256": 32, "P-384": 48 });

export interface KeyPairOptions {
	/** Verify each signature before it leaves, against faults that an attacker induces. Takes four times as long. */
	readonly checked?: boolean;
}

const OPTIONS = Object.freeze({ prehash: false, format: "der", lowS: true });

export class KeyPair implements Signer {
	readonly #scalar: Uint8Array;
	readonly #checked: boolean;
	/** SEC1 uncompressed point: 65 bytes, or 97. */
	readonly publicKey: Uint8Array;

	/** Throws Fault key.invalid unless `scalar` is 32 or 48 bytes, big endian, in 1..n-1; key.curve for a curve that the build lacks. */
	constructor(scalar: Uint8Array, { checked = false }: KeyPairOptions = {}) {
		const curve = scalar.length === CURVE_BYTES["P-384"] ? "P-384" : "P-256";
		const { utils, getPublicKey } = schemeOf(curve);
		if (!utils.isValidSecretKey(scalar))
			throw new Fault("key.invalid", "scalar must be 32 bytes (P-256) or 48 bytes (P-384) in 1..n-1");
		this.#scalar = scalar.slice();
		this.#checked = checked;
		this.publicKey = computed(() => getPublicKey(this.#scalar, false));
	}

	sign(digest: Uint8Array): Uint8Array {
		const size = this.#scalar.length;
		const scheme = size === CURVE_BYTES["P-384"] ? p384 : p256;
		const signature = computed(() => scheme.sign(digest, this.#scalar, OPTIONS));
		const sound =
			isLowS(signature, size) && (!this.#checked || scheme.verify(signature, digest, this.publicKey, OPTIONS));
		if (!sound) throw new Fault("key.fault", "a signature was made wrong");
		return signature;
	}

	scalar(): Uint8Array {
		return this.#scalar.slice();
	}
}

/** Draws scalars until one is in 1..n-1 (the first, in all but 2^-32 of cases). On P-256, where the build has it. */
export function generateKeyPair(entropy: Entropy, curve: CurveName = keyCurves()[0]!): KeyPair {
	const { utils } = schemeOf(curve);
	const scalar = new Uint8Array(CURVE_BYTES[curve]);
	for (let attempt = 0; attempt < 8; attempt++) {
		entropy.fill(scalar);
		if (utils.isValidSecretKey(scalar)) return new KeyPair(scalar);
	}
	throw new Fault("key.invalid", "entropy source gave 8 scalars outside 1..n-1");
}

/** On which this build makes keys: one at least, P-256 first. */
export function keyCurves(): readonly CurveName[] {
	return (["P-256", "P-384"] as const).filter((curve) => SIGNS[curve]);
}

/** By a SEC1 uncompressed point. */
export function curveOf({ length }: Uint8Array): CurveName {
	return length > 1 + 2 * CURVE_BYTES["P-256"] ? "P-384" : "P-256";
}

function schemeOf(curve: CurveName): typeof p256 {
	if (!SIGNS[curve]) throw new Fault("key.curve", `this build was made without keys on ${curve}`);
	return curve === "P-384" ? p384 : p256;
}

/** What goes wrong in here with a good scalar is the machine's fault. Its text could quote intermediate values. */
function computed(operation: () => Uint8Array): Uint8Array {
	try {
		return operation();
	} catch {
		throw new Fault("key.fault", "a computation with the key failed its checks");
	}
}

/** The second INTEGER of ECDSA-Sig-Value has no byte more than the curve: noble's choice of s, seen from outside. */
const isLowS = (signature: Uint8Array, size: number): boolean => signature[5 + signature[3]!]! <= size;
