/**
 * `ssl/signature`: is a signature by that public key right? For certificates and for ServerKeyExchange alike.
 *
 * ECDSA by our own src/key (ranges of r and s, strict DER). RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2.2) with a modular
 * power in C (native/rsa.c), by encoding what is expected and comparing all of it: the SDK's PKCS1_5 reads the padding instead, accepts any
 * hash identifier and does not see what trails the digest. Refused: RSA keys under 2048 or over 4096 bits, exponents that are even,
 * under 3 or over 32 bits, hashes below SHA-256.
 */
import { Digest } from "crypt";
import { concat, equal } from "../../../src/base/bytes.ts";
import { isRsaExponent, type PublicKey } from "../../../src/x509/key.ts";
import { checkDigest, type SignatureAlgorithm } from "../../../src/x509/signature.ts";

const MIN_MODULUS_BYTES = 256;
const MAX_MODULUS_BYTES = 512;

/** Of what was signed, by the algorithm's hash; empty where the algorithm is not known. */
export function digestOf(algorithm: SignatureAlgorithm, signed: Uint8Array): Uint8Array {
	const hash = HASHES[algorithm.slice(-NAME_LENGTH)];
	return hash === undefined ? new Uint8Array(0) : new Uint8Array(new Digest(hash.name).process(signed));
}

/** "unchecked": by an algorithm or a key that is not taken here; nobody is to be told that it is wrong. */
export function judge(
	key: PublicKey,
	algorithm: SignatureAlgorithm,
	digest: Uint8Array,
	signature: Uint8Array,
): "right" | "wrong" | "unchecked" {
	if (key.type !== "RSA" || algorithm.startsWith("ecdsa-")) return checkDigest(algorithm, key, digest, signature);
	const hash = HASHES[algorithm.slice(-NAME_LENGTH)];
	if (hash === undefined || !isUsable(key)) return "unchecked";
	return isRsaSignature(key, hash, digest, signature) ? "right" : "wrong";
}

type RsaKey = Extract<PublicKey, { readonly type: "RSA" }>;

function isRsaSignature({ modulus, exponent }: RsaKey, hash: Hash, digest: Uint8Array, signature: Uint8Array): boolean {
	const { length } = modulus;
	if (signature.length !== length) return false;
	const work = new Uint8Array(5 * length + 24);
	if (native("xs_rsa_power").call(undefined, modulus, exponent, signature, work) !== true) return false;
	return equal(work.subarray(0, length), encode(hash, digest, length));
}

interface Hash {
	readonly name: "SHA256" | "SHA384" | "SHA512";
	/** Last byte of the hash's object identifier, 2.16.840.1.101.3.4.2.x. */
	readonly arc: number;
}

/** By the end of an algorithm's name. */
export const HASHES: Readonly<Record<string, Hash>> = Object.freeze({
	sha256: { name: "SHA256", arc: 1 },
	sha384: { name: "SHA384", arc: 2 },
	sha512: { name: "SHA512", arc: 3 },
});
const NAME_LENGTH = 6;

function isUsable({ modulus, exponent }: { readonly modulus: Uint8Array; readonly exponent: Uint8Array }): boolean {
	return modulus.length >= MIN_MODULUS_BYTES && modulus.length <= MAX_MODULUS_BYTES && isRsaExponent(exponent);
}

/** EMSA-PKCS1-v1_5, RFC 8017 section 9.2. */
export function encode({ arc }: Hash, digest: Uint8Array, length: number): Uint8Array {
	const bytes = digest.length;
	const info = concat(
		Uint8Array.of(0x30, 17 + bytes, 0x30, 13, 0x06, 9, 0x60, 0x86, 0x48, 0x01, 0x65, 3, 4, 2, arc, 5, 0, 4, bytes),
		digest,
	);
	const encoded = new Uint8Array(length).fill(0xff);
	encoded.set([0x00, 0x01]);
	encoded[length - info.length - 1] = 0x00;
	encoded.set(info, length - info.length);
	return encoded;
}
