/**
 * `ssl/signature`: is a signature by that public key right? For certificates and for ServerKeyExchange alike.
 *
 * ECDSA by our own src/key (ranges of r and s, strict DER). RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2.2) with the SDK's modular
 * power, by encoding what is expected and comparing all of it: the SDK's PKCS1_5 reads the padding instead, accepts any
 * hash identifier and does not see what trails the digest. Refused: RSA keys under 2048 or over 4096 bits, exponents that are even,
 * under 3 or over 32 bits, hashes below SHA-256.
 */
import { Digest } from "crypt";
import RSA from "rsa";
import { concat, equal } from "../../../src/base/bytes.ts";
import { isRsaExponent, type PublicKey } from "../../../src/x509/key.ts";
import { checkSignature, type SignatureAlgorithm } from "../../../src/x509/signature.ts";

const MIN_MODULUS_BYTES = 256;
const MAX_MODULUS_BYTES = 512;

/** "unchecked": by an algorithm or a key that is not taken here; nobody is to be told that it is wrong. */
export function judge(
	key: PublicKey,
	algorithm: SignatureAlgorithm,
	signed: Uint8Array,
	signature: Uint8Array,
): "right" | "wrong" | "unchecked" {
	if (key.type !== "RSA" || algorithm.startsWith("ecdsa-")) return checkSignature(algorithm, key, signed, signature);
	const hash = RSA_HASHES[algorithm];
	if (hash === undefined || !isUsable(key)) return "unchecked";
	return isRsaSignature(key, hash, signed, signature) ? "right" : "wrong";
}

type RsaKey = Extract<PublicKey, { readonly type: "RSA" }>;

function isRsaSignature(key: RsaKey, hash: RsaHash, signed: Uint8Array, signature: Uint8Array): boolean {
	if (signature.length !== key.modulus.length) return false;
	const modulus = integer(key.modulus);
	const value = integer(signature);
	if (value >= modulus) return false;
	const decrypted = new RSA(integer(key.exponent), modulus).process(value);
	const encoded = new Uint8Array(ArrayBuffer.fromBigInt(decrypted, key.modulus.length));
	return equal(encoded, encode(hash, signed, key.modulus.length));
}

interface RsaHash {
	readonly name: "SHA256" | "SHA384" | "SHA512";
	readonly bytes: number;
	/** Last byte of the hash's object identifier, 2.16.840.1.101.3.4.2.x. */
	readonly arc: number;
}

const RSA_HASHES: Readonly<Partial<Record<SignatureAlgorithm, RsaHash>>> = Object.freeze({
	"rsa-sha256": { name: "SHA256", bytes: 32, arc: 1 },
	"rsa-sha384": { name: "SHA384", bytes: 48, arc: 2 },
	"rsa-sha512": { name: "SHA512", bytes: 64, arc: 3 },
});

function isUsable({ modulus, exponent }: { readonly modulus: Uint8Array; readonly exponent: Uint8Array }): boolean {
	return modulus.length >= MIN_MODULUS_BYTES && modulus.length <= MAX_MODULUS_BYTES && isRsaExponent(exponent);
}

/** EMSA-PKCS1-v1_5, RFC 8017 section 9.2. */
function encode({ name, bytes, arc }: RsaHash, signed: Uint8Array, length: number): Uint8Array {
	const digest = new Uint8Array(new Digest(name).process(signed));
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

const integer = (bytes: Uint8Array): bigint => BigInt.fromArrayBuffer(bytes.slice().buffer);
