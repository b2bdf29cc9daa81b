/**
 * Keys in DER: SubjectPublicKeyInfo (RFC 5280, RFC 5480), and private keys that an operator brings, as PKCS#8 (RFC 5958),
 * SEC1 (RFC 5915) or PKCS#1 (RFC 8017).
 *
 * Refused with Fault x509.key: encrypted keys, several keys in one file, algorithms other than EC and RSA, a public key
 * that does not belong to the private one. Nothing of a private key enters a message.
 */
import { equal } from "../base/bytes.ts";
import { Fault } from "../fault.ts";
import { CURVE_BYTES, curveOf, KeyPair } from "../key/pair.ts";
import {
	bitString,
	context,
	type DerReader,
	element,
	octetString,
	oid,
	readDer,
	sequence,
	smallInteger,
	Tag,
} from "./der.ts";
import { Oid } from "./oid.ts";
import { decodePem } from "./pem.ts";

/** Named curves, RFC 5480 section 2.1.1.1. */
export const CURVES = Object.freeze({ "P-256": Oid.P256, "P-384": Oid.P384 });

const MAX_EXPONENT_BYTES = 4;

export type PublicKey =
	/** SEC1 uncompressed point. */
	| { readonly type: "P-256" | "P-384"; readonly point: Uint8Array }
	| { readonly type: "RSA"; readonly modulus: Uint8Array; readonly exponent: Uint8Array }
	/** Another algorithm, another curve, one given by its parameters, a compressed point. */
	| { readonly type: "unknown" };

/** SubjectPublicKeyInfo of a P-256 or P-384 point (SEC1 uncompressed). */
export function publicKeyInfo(point: Uint8Array): Uint8Array {
	return sequence(sequence(oid(Oid.EC_PUBLIC_KEY), oid(CURVES[curveOf(point)])), bitString(point));
}

export function parsePublicKey(spki: Uint8Array): PublicKey {
	return readDer(spki, (reader) =>
		reader.inside(Tag.SEQUENCE, (info): PublicKey => {
			const { algorithm, curve } = readAlgorithm(info);
			const key = info.octetsOfBits();
			if (algorithm === Oid.RSA_ENCRYPTION)
				return readDer(key, (rsa) =>
					rsa.inside(Tag.SEQUENCE, (parts) => ({
						type: "RSA",
						modulus: parts.unsigned(),
						exponent: parts.unsigned(),
					})),
				);
			if (curve === Oid.P256 && key.length === 65 && key[0] === 4) return { type: "P-256", point: key };
			if (curve === Oid.P384 && key.length === 97 && key[0] === 4) return { type: "P-384", point: key };
			return { type: "unknown" };
		}),
	);
}

/**
 * Whether it is one that a signature can rest on (RFC 8017 section 3.1): odd, and 3 or more, because anybody signs for 1; of 32 bits at
 * most, because more only costs whoever verifies.
 */
export function isRsaExponent(exponent: Uint8Array): boolean {
	const last = exponent[exponent.length - 1] ?? 0;
	if (exponent.length > MAX_EXPONENT_BYTES || (last & 1) === 0) return false;
	return exponent.length > 1 || last >= 3;
}

/** A P-256 or P-384 key as a signer; RSA and other curves as PKCS#8, for platforms whose TLS can use them. */
export type PrivateKey = { readonly signer: KeyPair } | { readonly pkcs8: Uint8Array };

/** Text may hold certificates and EC PARAMETERS beside the key, as OpenSSL's files do. */
export function readPrivateKey(pem: string): PrivateKey {
	try {
		if (/-----BEGIN ENCRYPTED|Proc-Type: {0,4}4, {0,4}ENCRYPTED/.test(pem))
			throw new Fault(
				"x509.key",
				"it is encrypted with a passphrase: decrypt it first (openssl pkey -in FILE -out PLAIN)",
			);
		const keys = decodePem(pem).filter(({ label }) => label.endsWith("PRIVATE KEY"));
		const [key] = keys;
		if (key === undefined || keys.length > 1)
			throw new Fault("x509.key", `expected one PRIVATE KEY block, found ${keys.length}`);
		switch (key.label) {
			case "PRIVATE KEY":
				return readPkcs8(key.der);
			case "EC PRIVATE KEY":
				return readSec1(key.der, undefined);
			case "RSA PRIVATE KEY":
				return { pkcs8: wrapRsa(key.der) };
			default:
				throw new Fault("x509.key", `${key.label}: this kind is not read`);
		}
	} catch (thrown) {
		if (thrown instanceof Fault && thrown.code === "x509.key") throw thrown;
		const reason = thrown instanceof Fault ? thrown.message : "unreadable";
		throw new Fault("x509.key", `the private key cannot be read: ${reason}`);
	}
}

function readPkcs8(der: Uint8Array): PrivateKey {
	return readDer(der, (reader) =>
		reader.inside(Tag.SEQUENCE, (info): PrivateKey => {
			const version = info.smallInteger();
			if (version > 1) throw new Fault("x509.key", `PKCS#8 version ${version}`);
			const { algorithm, curve } = readAlgorithm(info);
			const key = info.content(Tag.OCTET_STRING);
			while (info.tag !== undefined) info.element(); // attributes, public key
			if (algorithm === Oid.EC_PUBLIC_KEY) return readSec1(key, curve);
			if (algorithm !== Oid.RSA_ENCRYPTION) throw new Fault("x509.key", `algorithm ${algorithm} is neither EC nor RSA`);
			return { pkcs8: wrapRsa(key) };
		}),
	);
}

/** `outerCurve`: what PKCS#8 says around it; there the inner one may be absent. */
function readSec1(der: Uint8Array, outerCurve: string | undefined): PrivateKey {
	return readDer(der, (reader) =>
		reader.inside(Tag.SEQUENCE, (key): PrivateKey => {
			if (key.smallInteger() !== 1) throw new Fault("x509.key", "SEC1 version is not 1");
			const scalar = key.content(Tag.OCTET_STRING);
			const curve = key.optional(context(0), (inner) => inner.oid()) ?? outerCurve;
			const point = key.optional(context(1), (inner) => inner.octetsOfBits());
			if (curve === undefined || (outerCurve !== undefined && curve !== outerCurve))
				throw new Fault("x509.key", "the curve is missing or named twice, differently");
			const ours = curve === Oid.P256 ? "P-256" : curve === Oid.P384 ? "P-384" : undefined;
			if (ours === undefined) return { pkcs8: wrap(sequence(oid(Oid.EC_PUBLIC_KEY), oid(curve)), der) };
			const signer = new KeyPair(fixedLength(scalar, CURVE_BYTES[ours]));
			if (point !== undefined && point[0] === 4 && !equal(point, signer.publicKey))
				throw new Fault("x509.key", "the public key in the file is not that of the private key");
			return { signer };
		}),
	);
}

/**
 * RFC 5915 wants as many bytes as the curve has; old tools write the scalar as an integer: without leading zeros, or with one
 * more where its first bit is set (Java's BigInteger, OpenSSL before 1.0.2).
 */
function fixedLength(scalar: Uint8Array, bytes: number): Uint8Array {
	const extra = scalar.length - bytes;
	if (extra > 0 && scalar.subarray(0, extra).every((byte) => byte === 0)) return scalar.subarray(extra);
	if (extra === 0) return scalar;
	// Of no curve: a P-256 scalar in a P-384 file would otherwise be taken for a key of its own.
	if (extra > 0 || scalar.length === 0)
		throw new Fault("x509.key", "the private key has another length than its curve");
	const padded = new Uint8Array(bytes);
	padded.set(scalar, -extra);
	return padded;
}

function wrapRsa(pkcs1: Uint8Array): Uint8Array {
	readDer(pkcs1, (reader) =>
		reader.inside(Tag.SEQUENCE, (key) => {
			if (key.smallInteger() !== 0) throw new Fault("x509.key", "RSA key of more than two primes");
			for (let part = 0; part < 8; part++) key.unsigned();
		}),
	);
	return wrap(sequence(oid(Oid.RSA_ENCRYPTION), element(Tag.NULL)), pkcs1);
}

const wrap = (algorithm: Uint8Array, key: Uint8Array): Uint8Array =>
	sequence(smallInteger(0), algorithm, octetString(key));

/** AlgorithmIdentifier of a key; `curve` only where the parameters are a named curve. */
function readAlgorithm(reader: DerReader): { algorithm: string; curve: string | undefined } {
	return reader.inside(Tag.SEQUENCE, (identifier) => {
		const algorithm = identifier.oid();
		if (algorithm === Oid.EC_PUBLIC_KEY && identifier.tag === Tag.OID) return { algorithm, curve: identifier.oid() };
		if (identifier.tag !== undefined) identifier.element();
		return { algorithm, curve: undefined };
	});
}
