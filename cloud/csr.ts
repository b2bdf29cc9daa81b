/**
 * Requests for certificates (PKCS#10, RFC 2986), checked: what is read by the strict rules of DER, what OpenSSL says of key and
 * signature.
 *
 * Refused are requests over 8 KB, with another common name, with a broken self-signature, or with a key that is not P-256, P-384 or
 * RSA of 2048 bits and more.
 */
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { type DerReader, readDer, Tag } from "../src/x509/der.ts";
import { commonNameOf } from "../src/x509/name.ts";
import type { CsrError } from "./authority.ts";
import type { CsrCurves } from "./contract.ts";

const MAX_CSR_BYTES = 8192;
const CURVES = { prime256v1: "p256", secp384r1: "p384" } as const;
const CURVE_NAMES = { p256: "P-256", p384: "P-384" } as const;

interface Csr {
	/** What is signed. */
	readonly info: Uint8Array;
	readonly commonName: string | undefined;
	/** SubjectPublicKeyInfo, DER. */
	readonly spki: Uint8Array;
	/** Of the signature's algorithm. */
	readonly oid: string;
	readonly signature: Uint8Array;
}

/** The key that is to be certified: SubjectPublicKeyInfo, DER. */
export function checkCsr(
	bytes: Uint8Array,
	expected: string,
	curves: CsrCurves,
): { readonly spki: Uint8Array } | { readonly error: CsrError; readonly message: string } {
	if (bytes.length > MAX_CSR_BYTES) return { error: "CsrTooLarge", message: "the request exceeds 8 KB" };
	let csr: Csr;
	try {
		csr = readDer(bytes, readCsr);
	} catch {
		return { error: "FailedToDecodeCsr", message: "the request is not PKCS#10" };
	}
	const key = keyOf(csr);
	const type = key && typeOf(key);
	if (key === undefined || type === undefined)
		return { error: "CsrKeyNotSupported", message: "the key must be P-256, P-384 or RSA of 2048 bits and more" };
	if (curves !== "both" && type !== curves)
		return {
			error: "CsrKeyNotSupported",
			message: `the key must be ${CURVE_NAMES[curves]}, this one is ${type === "rsa" ? "RSA" : CURVE_NAMES[type]}`,
		};
	const algorithm = ALGORITHMS.get(csr.oid);
	if (algorithm === undefined)
		return {
			error: "CsrSignatureVerificationFailed",
			message: `the request is signed in a way that is not known here (${csr.oid}): nothing says that it is wrong`,
		};
	const [signer, hash] = algorithm;
	if (key.asymmetricKeyType !== signer || !verify(hash, csr.info, key, csr.signature))
		return { error: "CsrSignatureVerificationFailed", message: "the request's signature does not verify" };
	if (csr.commonName?.toLowerCase() !== expected.toLowerCase())
		return { error: "CsrCommonNameMismatch", message: `the common name must be ${expected}` };
	return { spki: csr.spki };
}

function readCsr(reader: DerReader): Csr {
	return reader.inside(Tag.SEQUENCE, (request) => {
		const info = request.element(Tag.SEQUENCE);
		const oid = request.inside(Tag.SEQUENCE, (algorithm) => {
			const name = algorithm.oid();
			if (algorithm.tag !== undefined) algorithm.element();
			return name;
		});
		const signature = request.octetsOfBits();
		const { name, spki } = readDer(info, (outer) =>
			outer.inside(Tag.SEQUENCE, (inner) => {
				if (inner.smallInteger() !== 0) throw new RangeError("version is not 1");
				const [subject, key] = [inner.element(Tag.SEQUENCE), inner.element(Tag.SEQUENCE)];
				// Attributes: what else is wanted of the certificate is not given.
				while (inner.tag !== undefined) inner.element();
				return { name: subject, spki: key };
			}),
		);
		return { info, commonName: commonNameOf(name), spki, oid, signature };
	});
}

/** Undefined: no key, or none that OpenSSL takes, a point that is not on its curve for instance. */
function keyOf({ spki }: Csr): KeyObject | undefined {
	try {
		return createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
	} catch {
		return undefined;
	}
}

function typeOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): keyof typeof CURVE_NAMES | "rsa" | undefined {
	const { namedCurve, modulusLength = 0 } = asymmetricKeyDetails ?? {};
	if (asymmetricKeyType === "ec") return CURVES[namedCurve as keyof typeof CURVES];
	return asymmetricKeyType === "rsa" && modulusLength >= 2048 ? "rsa" : undefined;
}

/** By object identifier (RFC 5758, RFC 8017): what kind of key has signed, and over which hash. */
const ALGORITHMS: ReadonlyMap<string, readonly [type: "ec" | "rsa", hash: string]> = new Map([
	["1.2.840.10045.4.1", ["ec", "sha1"]],
	["1.2.840.10045.4.3.2", ["ec", "sha256"]],
	["1.2.840.10045.4.3.3", ["ec", "sha384"]],
	["1.2.840.10045.4.3.4", ["ec", "sha512"]],
	["1.2.840.113549.1.1.5", ["rsa", "sha1"]],
	["1.2.840.113549.1.1.11", ["rsa", "sha256"]],
	["1.2.840.113549.1.1.12", ["rsa", "sha384"]],
	["1.2.840.113549.1.1.13", ["rsa", "sha512"]],
] as const);
