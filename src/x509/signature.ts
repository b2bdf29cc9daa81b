/** Signatures over certificates and requests: which algorithm (RFC 5758, RFC 8017), and whether an ECDSA one is right. */
import { sha256, sha384 } from "#digest";
import { concat } from "../base/bytes.ts";
import { verify } from "../key/verify.ts";
import { type DerReader, element, sequence, Tag } from "./der.ts";
import type { PublicKey } from "./key.ts";
import { Oid } from "./oid.ts";

export type SignatureAlgorithm =
	| "ecdsa-sha256"
	| "ecdsa-sha384"
	| "rsa-sha256"
	| "rsa-sha384"
	| "rsa-sha512"
	| "unknown";

/** AlgorithmIdentifier of a signature; parameters are of no consequence to any that we know. */
export function readSignatureAlgorithm(reader: DerReader): SignatureAlgorithm {
	return reader.inside(Tag.SEQUENCE, (algorithm) => {
		const name = algorithm.oid();
		if (algorithm.tag !== undefined) algorithm.element();
		switch (name) {
			case Oid.ECDSA_SHA256:
				return "ecdsa-sha256";
			case Oid.ECDSA_SHA384:
				return "ecdsa-sha384";
			case Oid.RSA_SHA256:
				return "rsa-sha256";
			case Oid.RSA_SHA384:
				return "rsa-sha384";
			case Oid.RSA_SHA512:
				return "rsa-sha512";
			default:
				return "unknown";
		}
	});
}

/**
 * "wrong": not made by that key, or made in a way that this key cannot have used.
 * "unchecked": made in a way that nothing here can judge: RSA by RSA, an algorithm or a key that is not known. Nobody is to be
 * told that such a signature is wrong.
 */
export function checkSignature(
	algorithm: SignatureAlgorithm,
	key: PublicKey,
	signed: Uint8Array,
	signature: Uint8Array,
): "right" | "wrong" | "unchecked" {
	return checkDigest(algorithm, key, algorithm === "ecdsa-sha384" ? sha384(signed) : sha256(signed), signature);
}

/** The same, `digest` by the algorithm's hash. */
export function checkDigest(
	algorithm: SignatureAlgorithm,
	key: PublicKey,
	digest: Uint8Array,
	signature: Uint8Array,
): "right" | "wrong" | "unchecked" {
	switch (key.type) {
		case "P-256":
		case "P-384":
			if (algorithm === "unknown") return "unchecked";
			if (algorithm !== "ecdsa-sha256" && algorithm !== "ecdsa-sha384") return "wrong";
			return verify(key.type, key.point, digest, signature) ? "right" : "wrong";
		case "RSA":
			return algorithm.startsWith("ecdsa-") ? "wrong" : "unchecked";
		case "unknown":
			return "unchecked";
	}
}

/** DER ECDSA-Sig-Value (RFC 3279 section 2.2.3) of what hardware gives: r and s, big endian, each half of `raw`. */
export function encodeSignature(raw: Uint8Array): Uint8Array {
	const half = raw.length >> 1;
	return sequence(integer(raw.subarray(0, half)), integer(raw.subarray(half)));
}

function integer(value: Uint8Array): Uint8Array {
	let start = 0;
	while (start < value.length - 1 && value[start] === 0) start++;
	const bytes = value.subarray(start);
	return element(Tag.INTEGER, bytes[0]! < 0x80 ? bytes : concat(Uint8Array.of(0), bytes));
}
