/** What the stand-in keys sign: two hashes of public key and digest in the form of an ECDSA-Sig-Value. Anybody can forge it. */
import { createHash } from "node:crypto";

/** DER; the same length for every key and digest, shorter than 128 bytes. */
export function standInSignature(publicKey: Uint8Array, digest: Uint8Array): Uint8Array {
	const integer = (label: number): Buffer => {
		const value = createHash("sha256").update(publicKey).update(digest).update(Buffer.of(label)).digest();
		// Positive, minimal, and low as p256.ts of src wants it.
		value[0] = (value[0]! & 0x3f) | 0x20;
		return Buffer.concat([Buffer.of(0x02, value.length), value]);
	};
	const content = Buffer.concat([integer(1), integer(2)]);
	return new Uint8Array(Buffer.concat([Buffer.of(0x30, content.length), content]));
}
