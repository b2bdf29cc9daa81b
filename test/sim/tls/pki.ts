/** Certificates of every shape for tests of TLS, right and wrong ones, made by @peculiar/x509, WebCrypto and node:crypto. */
import { createHash, createPrivateKey, type KeyObject, sign, webcrypto } from "node:crypto";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { bitString, type DerReader, element, oid, readDer, sequence, Tag } from "../../../src/x509/der.ts";
import { rsaKeys } from "./rsa-keys.ts";

export { Extension, KeyUsageFlags } from "@peculiar/x509";

x509.cryptoProvider.set(webcrypto as never);

export type KeyType =
	| "P-256"
	| "P-384"
	| "P-521"
	| "Ed25519"
	| "RSA-1024"
	| "RSA-2048"
	| "RSA-2048, exponent 3"
	| "RSA-2048, PSS"
	| "RSA-4096";
type Hash = "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512";

export interface Entity {
	readonly name: string;
	readonly der: Uint8Array;
	readonly pem: string;
	readonly key: KeyObject;
	readonly keyPem: string;
	readonly keys: webcrypto.CryptoKeyPair;
	readonly type: KeyType;
	readonly certificate: x509.X509Certificate;
}

export interface Wanted {
	readonly name: string;
	readonly type?: KeyType;
	/** Whose certificate signs; none: its own key. */
	readonly issuer?: Entity;
	/** Of the issuer's signature. */
	readonly hash?: Hash;
	/** Absent: not a CA. */
	readonly ca?: { readonly pathLength?: number };
	/** No basicConstraints: nothing is said of that. */
	readonly isSilent?: boolean;
	/** Names and addresses. */
	readonly hosts?: readonly string[] | undefined;
	/** Names, even if they look like addresses. */
	readonly dnsNames?: readonly string[];
	/** Days from now. */
	readonly from?: number;
	readonly to?: number;
	readonly usages?: x509.KeyUsageFlags;
	readonly extendedUsages?: readonly string[];
	readonly extensions?: readonly x509.Extension[];
	/** An existing key instead of a new one. */
	readonly keys?: webcrypto.CryptoKeyPair;
}

const DAY = 86_400_000;

export async function issue(wanted: Wanted): Promise<Entity> {
	const { name, type = "P-256", issuer, ca, from = -1, to = 1 } = wanted;
	const alternativeNames = [
		...(wanted.dnsNames ?? []).map((value) => ({ type: "dns", value }) as const),
		...(wanted.hosts ?? []).map(generalName),
	];
	const keys = wanted.keys ?? (await newKeys(type));
	const signer = issuer?.type ?? type;
	const hash = wanted.hash ?? (signer === "P-384" ? "SHA-384" : "SHA-256");
	const signingAlgorithm = algorithm(signer, hash);
	const certificate = await x509.X509CertificateGenerator.create({
		subject: [{ CN: [name] }],
		issuer: issuer?.certificate.subjectName ?? [{ CN: [name] }],
		notBefore: new Date(Date.now() + from * DAY),
		notAfter: new Date(Date.now() + to * DAY),
		publicKey: keys.publicKey as never,
		signingKey: (await rehash((issuer?.keys ?? keys).privateKey, signingAlgorithm)) as never,
		signingAlgorithm,
		extensions: [
			...(wanted.isSilent ? [] : [new x509.BasicConstraintsExtension(ca !== undefined, ca?.pathLength, true)]),
			...(wanted.usages !== undefined ? [new x509.KeyUsagesExtension(wanted.usages, true)] : []),
			...(wanted.extendedUsages ? [new x509.ExtendedKeyUsageExtension([...wanted.extendedUsages])] : []),
			...(alternativeNames.length > 0 ? [new x509.SubjectAlternativeNameExtension(alternativeNames)] : []),
			...(wanted.extensions ?? []),
		],
	});
	return entity(name, type, keys, certificate);
}

/** The same certificate with another signature: `make` gets what is signed, and may do what a CA must not. */
export async function resigned(of: Entity, make: (tbs: Uint8Array) => Uint8Array): Promise<Entity> {
	const der = readDer(of.der, (reader) =>
		reader.inside(Tag.SEQUENCE, (outer) => {
			const [tbs, signatureAlgorithm] = [outer.element(Tag.SEQUENCE), outer.element(Tag.SEQUENCE)];
			outer.element();
			return sequence(tbs, signatureAlgorithm, bitString(make(tbs)));
		}),
	);
	return entity(of.name, of.type, of.keys, new x509.X509Certificate(der as Uint8Array<ArrayBuffer>));
}

/** The same certificate, in DER, with an RSA key that nobody need have; its signature is wrong then, which matters in no anchor. */
export const rekeyed = (of: Entity, modulus: bigint, exponent: bigint): Uint8Array =>
	readDer(of.der, (reader) =>
		reader.inside(Tag.SEQUENCE, (outer) => {
			const fields = readDer(outer.element(Tag.SEQUENCE), (tbs) => tbs.inside(Tag.SEQUENCE, elements));
			const key = bitString(sequence(integer(modulus), integer(exponent)));
			fields[6] = sequence(sequence(oid("1.2.840.113549.1.1.1"), element(Tag.NULL)), key);
			return sequence(sequence(...fields), ...elements(outer));
		}),
	);

function elements(reader: DerReader): Uint8Array[] {
	const all: Uint8Array[] = [];
	while (reader.tag !== undefined) all.push(reader.element());
	return all;
}

/** An ECDSA signature (DER) whose r takes 31 bytes or fewer: one in 256 does. */
export const signWithShortR = (key: KeyObject, data: Uint8Array) => signUntil(key, data, (r) => r < 32);

/** An ECDSA signature (DER) whose numbers take all of their 32 bytes. */
export const signWithFullNumbers = (key: KeyObject, data: Uint8Array) =>
	signUntil(key, data, (r, s) => r >= 32 && s >= 32);

function signUntil(key: KeyObject, data: Uint8Array, fits: (rBytes: number, sBytes: number) => boolean): Uint8Array {
	for (;;) {
		const signature = sign("sha256", data, key);
		const rBytes = signature[3]!;
		if (fits(rBytes, signature[5 + rBytes]!)) return signature;
	}
}

/** ECDSA-Sig-Value of any two numbers. */
export const ecdsaSignature = (r: bigint, s: bigint): Uint8Array => sequence(integer(r), integer(s));

/** Order of P-256. */
export const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/**
 * A SHA-256 signature for an RSA key of exponent 3, made without the private key: short padding, then the digest, then
 * whatever makes it a cube (Bleichenbacher 2006). A reader of padding takes it, a comparer of encodings does not.
 */
export function forgeForExponent3(modulusBytes: number, data: Uint8Array): Uint8Array {
	const head = Buffer.concat([Buffer.from("0001ffffffffffffffff00", "hex"), digestInfo(data)]);
	const wanted = BigInt(`0x${head.toString("hex")}${"ff".repeat(modulusBytes - head.length)}`);
	const signature = Buffer.from(
		cubeRoot(wanted)
			.toString(16)
			.padStart(2 * modulusBytes, "0"),
		"hex",
	);
	return new Uint8Array(signature);
}

/** The signature that an RSA key of exponent 1 finds right: what would have been signed (RFC 8017 section 9.2, SHA-256). */
export function forgeForExponent1(modulusBytes: number, data: Uint8Array): Uint8Array {
	const info = digestInfo(data);
	const padding = Buffer.alloc(modulusBytes - info.length - 3, 0xff);
	return Buffer.concat([Buffer.of(0, 1), padding, Buffer.of(0), info]);
}

const digestInfo = (data: Uint8Array): Buffer =>
	Buffer.concat([
		Buffer.from("3031300d060960864801650304020105000420", "hex"),
		createHash("sha256").update(data).digest(),
	]);

function cubeRoot(value: bigint): bigint {
	let [low, high] = [0n, value];
	while (low < high) {
		const middle = (low + high + 1n) / 2n;
		if (middle ** 3n <= value) low = middle;
		else high = middle - 1n;
	}
	return low;
}

function integer(value: bigint): Uint8Array {
	const digits = value.toString(16);
	const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), "0"), "hex");
	return element(Tag.INTEGER, bytes[0]! < 0x80 ? bytes : Uint8Array.of(0, ...bytes));
}

export const chainPem = (...chain: readonly Entity[]): string => chain.map(({ pem }) => pem).join("");

async function entity(
	name: string,
	type: KeyType,
	keys: webcrypto.CryptoKeyPair,
	certificate: x509.X509Certificate,
): Promise<Entity> {
	const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
	const key = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
	return {
		name,
		type,
		keys,
		certificate,
		der: new Uint8Array(certificate.rawData),
		pem: `${certificate.toString("pem")}\n`,
		key,
		keyPem: key.export({ type: "pkcs8", format: "pem" }) as string,
	};
}

const generalName = (value: string) => ({ type: /^[\d.]+$/.test(value) ? "ip" : "dns", value }) as const;

function newKeys(type: KeyType): Promise<webcrypto.CryptoKeyPair> {
	const wanted = algorithm(type, "SHA-256");
	if ("modulusLength" in wanted) return rsaKeys(type, wanted);
	return webcrypto.subtle.generateKey(wanted, true, ["sign", "verify"]) as Promise<webcrypto.CryptoKeyPair>;
}

/** WebCrypto binds an RSA key to one hash. */
async function rehash(key: webcrypto.CryptoKey, wanted: ReturnType<typeof algorithm>): Promise<webcrypto.CryptoKey> {
	return webcrypto.subtle.importKey("pkcs8", await webcrypto.subtle.exportKey("pkcs8", key), wanted, true, ["sign"]);
}

function algorithm(type: KeyType, hash: Hash) {
	if (type.startsWith("P-")) return { name: "ECDSA", namedCurve: type, hash };
	if (type === "Ed25519") return { name: type };
	const modulusLength = Number(type.slice(4, 8));
	const publicExponent = type.endsWith("exponent 3") ? Uint8Array.of(3) : Uint8Array.of(1, 0, 1);
	const name = type.endsWith("PSS") ? "RSA-PSS" : "RSASSA-PKCS1-v1_5";
	return { name, hash, modulusLength, publicExponent, ...(name === "RSA-PSS" && { saltLength: 32 }) };
}
