/** Requests for certificates (PKCS#10) that are well signed, and more or else than anybody asks for. Base64. */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import {
	bitString,
	context,
	element,
	octetString,
	oid,
	sequence,
	smallInteger,
	Tag,
	utf8String,
} from "../../src/x509/der.ts";
import { times } from "../support/hostile/row.ts";

const P256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";
const SAN = "2.5.29.17";

interface Parts {
	readonly name?: Uint8Array;
	readonly attributes?: readonly Uint8Array[];
	readonly keys?: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
	/** Behind the attributes, within what is signed. */
	readonly behind?: readonly Uint8Array[];
	/** Of the version, 0 in every request. */
	readonly version?: number;
}

export const named = (commonName: string): Uint8Array =>
	sequence(element(Tag.SET, sequence(oid("2.5.4.3"), utf8String(commonName))));
export const attribute = (type: string, ...values: readonly Uint8Array[]): Uint8Array =>
	sequence(oid(type), element(Tag.SET, ...values));
export const extensions = (...all: readonly Uint8Array[]): Uint8Array => attribute(EXTENSION_REQUEST, sequence(...all));
export const extension = (value: Uint8Array, type = SAN): Uint8Array => sequence(oid(type), octetString(value));
export const dnsNames = (count: number): Uint8Array =>
	sequence(...times(count, () => element(0x82, Uint8Array.of(97))));

export function csr(commonName: string, parts: Parts = {}): string {
	const { name = named(commonName), attributes = [], keys = P256, behind = [], version = 0 } = parts;
	const spki = keys.publicKey.export({ format: "der", type: "spki" });
	const info = sequence(smallInteger(version), name, spki, element(context(0), ...attributes), ...behind);
	const signature = sign("sha256", info, keys.privateKey);
	return base64(sequence(info, sequence(oid("1.2.840.10045.4.3.2")), bitString(signature)));
}

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** `SEQUENCE`s within each other. */
export function nested(levels: number): Uint8Array {
	let inner = sequence();
	for (let i = 0; i < levels; i++) inner = sequence(inner);
	return inner;
}
