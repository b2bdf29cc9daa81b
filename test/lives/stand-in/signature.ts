/** What the stand-in keys sign: a hash of public key and digest in the form of an ECDSA-Sig-Value. Anybody can forge it. */
import { hash } from "node:crypto";

/** DER; the same length for every key and digest, shorter than 128 bytes. */
export function standInSignature(publicKey: Uint8Array, digest: Uint8Array): Uint8Array {
	const integers = hash("sha512", Buffer.concat([publicKey, digest]), "buffer");
	const der = new Uint8Array(70);
	der.set([0x30, 68]);
	for (const at of [0, 32]) {
		const value = integers.subarray(at, at + 32);
		// Positive, minimal, and low as pair.ts of src wants it.
		value[0] = (value[0]! & 0x3f) | 0x20;
		der.set([0x02, 32], 2 + (at / 32) * 34);
		der.set(value, 4 + (at / 32) * 34);
	}
	return der;
}
