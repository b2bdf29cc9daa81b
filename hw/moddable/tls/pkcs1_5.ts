/**
 * `pkcs1_5`: what the client's RSA key signs, RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2.1), by the SDK's `rsa`. Takes the place
 * of the SDK's, of which only the signing was needed, and with it its BER, PKCS#1 and PKCS#8.
 */
import RSA from "rsa";
import { type DerReader, readDer, Tag } from "../../../src/x509/der.ts";
import { encode, HASHES } from "./signature.ts";

/** `key`: PKCS#8, DER. Throws on any other. */
export default function sign(key: Uint8Array, digest: ArrayBuffer): ArrayBuffer {
	const [n, , d, p, q, dp, dq, inverse] = readDer(key, (reader) => reader.inside(Tag.SEQUENCE, readPkcs8));
	const bytes = ArrayBuffer.fromBigInt(n!).byteLength;
	const encoded = encode(HASHES.sha256!, new Uint8Array(digest), bytes);
	const value = BigInt.fromArrayBuffer(encoded.buffer as ArrayBuffer);
	return ArrayBuffer.fromBigInt(new RSA(d!, n!, p!, q!, dp!, dq!, inverse!).process(value), bytes);
}

/** PrivateKeyInfo (RFC 5208): what RSAPrivateKey has in it after its version. */
function readPkcs8(info: DerReader): bigint[] {
	info.smallInteger();
	info.element(Tag.SEQUENCE);
	const key = info.content(Tag.OCTET_STRING);
	while (info.tag !== undefined) info.element();
	return readDer(key, (reader) => reader.inside(Tag.SEQUENCE, readNumbers));
}

function readNumbers(key: DerReader): bigint[] {
	key.smallInteger();
	const numbers: bigint[] = [];
	while (key.tag !== undefined) numbers.push(BigInt.fromArrayBuffer(key.unsigned().slice().buffer));
	return numbers;
}
