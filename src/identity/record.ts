/**
 * The credential record: one blob that holds all a device needs to be itself.
 *
 *   magic "ENRL" | format u8 | sequence u32 | length u32 | fields (tag u8, length u16, bytes)* | SHA-256 over all before
 *
 * Big endian. Fields with unknown tags are kept through a rewrite, so that an older image does not lose what a newer
 * one wrote. A higher format is refused with Fault store.newer; anything else that does not fit is store.damaged.
 */
import { sha256 } from "#digest";
import { equal, utf8, utf8Text } from "../base/bytes.ts";
import { type Endpoint, formatEndpoint, parseEndpoint } from "../base/endpoint.ts";
import { Fault } from "../fault.ts";
import { KeyPair } from "../key/pair.ts";
import type { CurveName, Identity, Keystore, Signer } from "../port.ts";
import { withRoom } from "../store/pair-store.ts";

/** The private key of a credential. An operator's own RSA key is PKCS#8 DER. */
export type CredentialKey = { readonly signer: Signer } | { readonly pkcs8: Uint8Array };

export interface Credential {
	/** Grows by one with every credential this device gets. */
	readonly sequence: number;
	readonly key: CredentialKey;
	/** DER, leaf first. */
	readonly chain: readonly Uint8Array[];
	readonly hub: Endpoint;
	readonly deviceId: string;
	readonly registrationId: string;
	/** Validity of the leaf, milliseconds since 1970. */
	readonly notBefore: number;
	readonly notAfter: number;
	/** Dialect A's trust bundle: kept, never used as an anchor unless the config says so. */
	readonly trustBundle?: { readonly etag: string; readonly certificates: readonly Uint8Array[] };
	/** What the custom allocation returned, JSON. */
	readonly payload?: string;
	/** The curve that the service has refused, the other than the key's. */
	readonly refused?: CurveName;
	/** Fields of a newer image, as they stood. */
	readonly unknown: readonly Field[];
}

export interface Field {
	readonly tag: number;
	readonly bytes: Uint8Array;
}

const MAGIC = 0x454e524c;
const FORMAT = 1;
const HEAD_BYTES = 13;
const FIELD_HEAD_BYTES = 3;
const CHECKSUM_BYTES = 32;
/** A chain of five certificates with a bundle stays far below; NVS takes blobs of up to about 60 KB. */
const MOST_RECORD_BYTES = 32 * 1024;

const Tag = {
	scalar: 1,
	pkcs8: 2,
	certificate: 3,
	hub: 4,
	deviceId: 5,
	registrationId: 6,
	notBefore: 7,
	notAfter: 8,
	bundleEtag: 9,
	bundleCertificate: 10,
	payload: 11,
	keyReference: 12,
	publicKey: 13,
	refused: 14,
} as const;
const KNOWN: readonly number[] = Object.values(Tag);
/** What only DPS says. */
export const ASSIGNED: readonly number[] = [Tag.bundleEtag, Tag.bundleCertificate, Tag.payload];

export function identityOf(credential: Credential): Identity {
	return "signer" in credential.key
		? { chain: credential.chain, signer: credential.key.signer }
		: { chain: credential.chain, pkcs8: credential.key.pkcs8 };
}

/** For the application: what DPS has assigned the device to. */
export interface DeviceAssignment {
	/** `host` or `host:port`. */
	readonly hub: string;
	readonly deviceId: string;
	/** What the custom allocation returned, whatever JSON it is; undefined where it returned nothing, or null. */
	readonly payload: unknown;
}

type Assigned = Pick<Credential, "hub" | "deviceId" | "payload">;

export function assignmentOf({ hub, deviceId, payload }: Assigned): DeviceAssignment {
	return { hub: formatEndpoint(hub), deviceId, payload: payload === undefined ? undefined : JSON.parse(payload) };
}

export function encodeCredential(credential: Credential): Uint8Array {
	const { key, trustBundle } = credential;
	return encodeRecord(credential.sequence, [
		...("signer" in key ? encodeKey(key.signer) : [{ tag: Tag.pkcs8, bytes: key.pkcs8 }]),
		...credential.chain.map((bytes) => ({ tag: Tag.certificate, bytes })),
		{ tag: Tag.hub, bytes: utf8(formatEndpoint(credential.hub)) },
		{ tag: Tag.deviceId, bytes: utf8(credential.deviceId) },
		{ tag: Tag.registrationId, bytes: utf8(credential.registrationId) },
		{ tag: Tag.notBefore, bytes: utf8(String(credential.notBefore)) },
		{ tag: Tag.notAfter, bytes: utf8(String(credential.notAfter)) },
		...(trustBundle ? [{ tag: Tag.bundleEtag, bytes: utf8(trustBundle.etag) }] : []),
		...(trustBundle?.certificates ?? []).map((bytes) => ({ tag: Tag.bundleCertificate, bytes })),
		...(credential.payload === undefined ? [] : [{ tag: Tag.payload, bytes: utf8(credential.payload) }]),
		...(credential.refused ? [{ tag: Tag.refused, bytes: utf8(credential.refused) }] : []),
		...credential.unknown,
	]);
}

/** A key in hardware: how to find it, and which it was. */
export function encodeKey(signer: Signer): Field[] {
	if (signer.reference === undefined) return [{ tag: Tag.scalar, bytes: signer.scalar!() }];
	return [
		{ tag: Tag.keyReference, bytes: utf8(signer.reference) },
		{ tag: Tag.publicKey, bytes: signer.publicKey },
	];
}

/** Throws Fault key.lost and key.replaced where the hardware, or the key in it, is not the one that was. */
export function decodeKey(fields: readonly Field[], keystore: Keystore | undefined): Signer {
	const of = (wanted: number): Uint8Array | undefined => fields.find(({ tag }) => tag === wanted)?.bytes;
	const reference = of(Tag.keyReference);
	if (!reference) return new KeyPair(of(Tag.scalar) ?? new Uint8Array(0));
	const name = utf8Text(reference);
	if (!keystore) throw new Fault("key.lost", `the key is in hardware (${name}), of which this device has none`);
	const signer = keystore.open(name);
	if (!equal(signer.publicKey, of(Tag.publicKey) ?? new Uint8Array(0)))
		throw new Fault("key.replaced", `${keystore.name} has another key at ${name} than the one that was certified`);
	return signer;
}

/** Of the key in a record, without making it. */
export function curveOfKey(fields: readonly Field[]): CurveName | undefined {
	const bytes = fields.find(({ tag }) => tag === Tag.scalar || tag === Tag.publicKey)?.bytes;
	return bytes && (bytes.length === 48 || bytes.length === 97 ? "P-384" : "P-256");
}

export const otherCurve = (curve: CurveName): CurveName => (curve === "P-256" ? "P-384" : "P-256");

/** The curve that was refused before the one of the key in a record. */
export function refusedCurve(fields: readonly Field[], wanted: number = Tag.refused): CurveName | undefined {
	const bytes = fields.find(({ tag }) => tag === wanted)?.bytes;
	return bytes && (utf8Text(bytes) === "P-384" ? "P-384" : "P-256");
}

/** Throws Fault store.damaged or store.newer; key.lost and key.replaced. */
export function decodeCredential(blob: Uint8Array, keystore?: Keystore): Credential {
	const { sequence, fields } = decodeRecord(blob);
	const all = (tag: number) => fields.filter((field) => field.tag === tag).map((field) => field.bytes);
	const one = (tag: number): Uint8Array => {
		const found = all(tag);
		if (found.length !== 1) throw new Fault("store.damaged", `credential: field ${tag} appears ${found.length} times`);
		return found[0]!;
	};
	try {
		const chain = all(Tag.certificate);
		if (chain.length === 0) throw new Fault("store.damaged", "credential: no certificate");
		const refused = refusedCurve(fields);
		return {
			sequence,
			key: all(Tag.pkcs8).length > 0 ? { pkcs8: one(Tag.pkcs8) } : { signer: decodeKey(fields, keystore) },
			chain,
			hub: parseEndpoint(utf8Text(one(Tag.hub)), 8883),
			deviceId: utf8Text(one(Tag.deviceId)),
			registrationId: utf8Text(one(Tag.registrationId)),
			notBefore: milliseconds(one(Tag.notBefore)),
			notAfter: milliseconds(one(Tag.notAfter)),
			...assignedIn(fields),
			...(refused ? { refused } : {}),
			unknown: fields.filter((field) => !KNOWN.includes(field.tag)),
		};
	} catch (thrown) {
		if (thrown instanceof Fault && (thrown.room === "store" || isAboutHardware(thrown))) throw thrown;
		throw new Fault("store.damaged", "credential: a field cannot be read", { cause: thrown });
	}
}

export const isAboutHardware = ({ code }: Fault): boolean => code === "key.lost" || code === "key.replaced";

/** Of a record what only DPS says. */
export function assignedIn(fields: readonly Field[]): Pick<Credential, "trustBundle" | "payload"> {
	const all = (wanted: number) => fields.filter(({ tag }) => tag === wanted).map(({ bytes }) => bytes);
	const [etag] = all(Tag.bundleEtag);
	const [payload] = all(Tag.payload);
	return {
		...(etag ? { trustBundle: { etag: utf8Text(etag), certificates: all(Tag.bundleCertificate) } } : {}),
		...(payload ? { payload: utf8Text(payload) } : {}),
	};
}

/** The outer form, shared with the journal's small records. */
export function encodeRecord(sequence: number, fields: readonly Field[]): Uint8Array {
	// Once, at its size, and with the store's room: a chain of large certificates is held besides.
	const length = fields.reduce((sum, { bytes }) => sum + FIELD_HEAD_BYTES + bytes.length, 0);
	const record = withRoom(HEAD_BYTES + length + CHECKSUM_BYTES);
	const view = new DataView(record.buffer, record.byteOffset);
	view.setUint32(0, MAGIC);
	view.setUint8(4, FORMAT);
	view.setUint32(5, sequence);
	view.setUint32(9, length);
	let at = HEAD_BYTES;
	for (const { tag, bytes } of fields) {
		view.setUint8(at, tag);
		view.setUint16(at + 1, bytes.length);
		record.set(bytes, at + FIELD_HEAD_BYTES);
		at += FIELD_HEAD_BYTES + bytes.length;
	}
	record.set(sha256(record.subarray(0, at)), at);
	return record;
}

export function decodeRecord(blob: Uint8Array): { readonly sequence: number; readonly fields: readonly Field[] } {
	if (blob.length < HEAD_BYTES + CHECKSUM_BYTES || blob.length > MOST_RECORD_BYTES)
		throw new Fault("store.damaged", `record: ${blob.length} bytes`);
	const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
	if (view.getUint32(0) !== MAGIC) throw new Fault("store.damaged", "record: wrong magic");
	const checked = blob.subarray(0, blob.length - CHECKSUM_BYTES);
	if (!equal(sha256(checked), blob.subarray(blob.length - CHECKSUM_BYTES)))
		throw new Fault("store.damaged", "record: wrong checksum");
	// After the checksum: a flipped bit in a record of ours must not look like a newer format.
	if (view.getUint8(4) > FORMAT) throw new Fault("store.newer", `record: format ${view.getUint8(4)}, known ${FORMAT}`);
	if (view.getUint8(4) !== FORMAT || view.getUint32(9) !== checked.length - HEAD_BYTES)
		throw new Fault("store.damaged", "record: wrong head");
	return { sequence: view.getUint32(5), fields: decodeFields(checked.subarray(HEAD_BYTES)) };
}

/** Parts of `body`: a copy of each would be one more of the whole record. */
function decodeFields(body: Uint8Array): Field[] {
	const fields: Field[] = [];
	for (let at = 0; at < body.length; ) {
		const length = ((body[at + 1] ?? 0) << 8) | (body[at + 2] ?? 0);
		if (at + FIELD_HEAD_BYTES + length > body.length)
			throw new Fault("store.damaged", "record: field runs over the end");
		fields.push({ tag: body[at]!, bytes: body.subarray(at + FIELD_HEAD_BYTES, at + FIELD_HEAD_BYTES + length) });
		at += FIELD_HEAD_BYTES + length;
	}
	return fields;
}

function milliseconds(bytes: Uint8Array): number {
	const text = utf8Text(bytes);
	if (!/^-?\d{1,15}$/.test(text)) throw new Fault("store.damaged", "credential: malformed time");
	return Number(text);
}
