/**
 * COSE_Sign1 (RFC 9052 section 4.2) with ES256 (RFC 9053 section 2.1) and a detached payload: checked, never made.
 *
 * The one form we accept: tag 18, protected header {1: -7} and nothing else, empty unprotected header, null payload,
 * r || s of 64 bytes. Who signed is found by trying the release keys; a key id would only name one.
 */
import { sha256 } from "#digest";
import { equal } from "../base/bytes.ts";
import { Fault } from "../fault.ts";
import { verifyRaw } from "../key/verify.ts";
import { decode, encode, Tagged } from "./cbor.ts";

const TAG_SIGN1 = 18;
const SIGNATURE_BYTES = 64;

/** {alg: ES256}, encoded. */
export const PROTECTED: readonly number[] = /* @__PURE__ */ Object.freeze([0xa1, 0x01, 0x26]);

/**
 * `keys`: SEC1 uncompressed P-256 points. Gives the index of the key that signed `payload`.
 * Throws Fault ota.format, ota.signature.
 */
export function verifySign1(sign1: Uint8Array, payload: Uint8Array, keys: readonly Uint8Array[]): number {
	const signature = readSign1(sign1);
	const digest = sha256(toBeSigned(payload));
	const signer = keys.findIndex((key) => verifyRaw("P-256", key, digest, signature));
	if (signer < 0) throw new Fault("ota.signature", "signed by none of the release keys");
	return signer;
}

/** Sig_structure (RFC 9052 section 4.4), encoded: what is hashed and signed. */
export function toBeSigned(payload: Uint8Array): Uint8Array {
	return encode(["Signature1", Uint8Array.from(PROTECTED), new Uint8Array(0), payload]);
}

/** The 64 bytes r || s. Throws Fault ota.format. */
export function readSign1(sign1: Uint8Array): Uint8Array {
	const message = decode(sign1);
	if (!(message instanceof Tagged) || message.tag !== TAG_SIGN1) throw refused("not a COSE_Sign1");
	const parts = message.value;
	if (!Array.isArray(parts) || parts.length !== 4) throw refused("COSE_Sign1 is not an array of 4");
	const [header, unprotected, payload, signature] = parts;
	if (!(header instanceof Uint8Array) || !equal(header, Uint8Array.from(PROTECTED)))
		throw refused("protected header is not {alg: ES256}");
	if (!(unprotected instanceof Map) || unprotected.size !== 0) throw refused("unprotected header is not empty");
	if (payload !== null) throw refused("payload is not detached");
	if (!(signature instanceof Uint8Array) || signature.length !== SIGNATURE_BYTES)
		throw refused(`signature is not ${SIGNATURE_BYTES} bytes`);
	return signature;
}

function refused(what: string): Fault {
	return new Fault("ota.format", `cose: ${what}`);
}
