/**
 * SUIT envelope and manifest (draft-ietf-suit-manifest-37), the profile of its Example 1: one component, vendor and
 * class condition, digest and size, one https fetch, image match. Reads exactly that and refuses everything else by
 * name: other components, try-each, invoke, load, severed or integrated payloads, text, dependencies.
 *
 * A manifest that this file returns is signed; whether it is meant for this device is decided in update.ts.
 */
import { sha256 } from "#digest";
import { equal } from "../base/bytes.ts";
import { Fault } from "../fault.ts";
import { type Cbor, type CborMap, decode, encode, Tagged } from "./cbor.ts";
import { verifySign1 } from "./cose.ts";

export interface Manifest {
	readonly sequence: number;
	/** The one component's id: a list of byte strings. */
	readonly component: readonly Uint8Array[];
	/** UUIDs, 16 bytes. */
	readonly vendor: Uint8Array;
	readonly class: Uint8Array;
	/** SHA-256 of the image. */
	readonly digest: Uint8Array;
	/** Bytes of the image. */
	readonly size: number;
	readonly uri: string;
}

/** No envelope of our profile comes near it. */
export const MAX_ENVELOPE_BYTES = 4096;
export const SHA256 = -16;
export const TAG_ENVELOPE = 107;

/**
 * `keys`: the release keys, SEC1 uncompressed P-256 points. Also gives the index of the key that signed.
 * Throws Fault ota.too-large, ota.format, ota.signature.
 */
export function openEnvelope(bytes: Uint8Array, keys: readonly Uint8Array[]): { manifest: Manifest; signer: number } {
	const { digest, sign1, manifest } = readEnvelope(bytes);
	const signer = verifySign1(sign1, digest, keys);
	return { manifest: readManifest(manifest), signer };
}

/** The parts of an envelope whose digest matches its manifest; the signature is not checked here. */
export function readEnvelope(bytes: Uint8Array): { digest: Uint8Array; sign1: Uint8Array; manifest: Uint8Array } {
	if (bytes.length > MAX_ENVELOPE_BYTES)
		throw new Fault("ota.too-large", `envelope of ${bytes.length} bytes, at most ${MAX_ENVELOPE_BYTES}`);
	const envelope = decode(bytes);
	if (!(envelope instanceof Tagged) || envelope.tag !== TAG_ENVELOPE) throw refused("not an envelope (tag 107)");
	const members = map(envelope.value, "envelope", [2, 3], MEMBERS);
	const manifest = byteString(members.get(3), "manifest");
	const authentication = array(decode(byteString(members.get(2), "authentication wrapper")), "authentication wrapper");
	if (authentication.length === 1) throw new Fault("ota.signature", "the envelope is not signed");
	if (authentication.length !== 2) throw refused(`${authentication.length - 1} signatures, expected 1`);
	const digest = byteString(authentication[0], "digest");
	if (!equal(sha256Digest(digest), sha256(encode(manifest))))
		throw new Fault("ota.signature", "the manifest is not the signed one");
	return { digest, sign1: byteString(authentication[1], "signature"), manifest };
}

/** Throws Fault ota.format for anything outside the profile. */
export function readManifest(bytes: Uint8Array): Manifest {
	const members = map(decode(bytes), "manifest", [1, 2, 3, 7, 20], MEMBERS);
	if (members.get(1) !== 1) throw refused("manifest version is not 1");
	const common = map(decode(byteString(members.get(3), "common")), "common", [2, 4], COMMON);
	const components = array(common.get(2), "components");
	if (components.length !== 1) throw refused(`${components.length} components, expected 1`);
	const component = array(components[0], "component id").map((part) => byteString(part, "component id"));

	const shared = commands(common.get(4), "shared sequence", [OVERRIDE_PARAMETERS, VENDOR, CLASS]);
	const parameters = map(shared[0], "shared parameters", [1, 2, 3, 14], PARAMETERS);
	commands(members.get(7), "validate", [IMAGE_MATCH]);
	const install = commands(members.get(20), "install", [OVERRIDE_PARAMETERS, FETCH, IMAGE_MATCH]);
	const uri = map(install[0], "install parameters", [21], PARAMETERS).get(21);
	if (typeof uri !== "string") throw refused("uri is not text");

	return {
		sequence: unsigned(members.get(2), "sequence number"),
		component,
		vendor: byteString(parameters.get(1), "vendor", 16),
		class: byteString(parameters.get(2), "class", 16),
		digest: sha256Digest(byteString(parameters.get(3), "image digest")),
		size: unsigned(parameters.get(14), "image size"),
		uri,
	};
}

/** Command numbers (section 9.6 of the draft). */
export const VENDOR = 1;
export const CLASS = 2;
export const IMAGE_MATCH = 3;
export const OVERRIDE_PARAMETERS = 20;
export const FETCH = 21;

/** Exactly `wanted`, in that order. Gives the arguments; a reporting policy is 0 to 15 and means nothing to us. */
function commands(member: Cbor | undefined, where: string, wanted: readonly number[]): readonly Cbor[] {
	const sequence = array(decode(byteString(member, where)), where);
	const found: Cbor[] = [];
	for (let i = 0; i < sequence.length; i += 2) {
		const command = sequence[i]!;
		if (command !== wanted[i / 2])
			throw refused(`${where}: command ${named(command, COMMANDS)} is outside the profile`);
		const argument = sequence[i + 1];
		if (argument === undefined) throw refused(`${where}: command ${named(command, COMMANDS)} without argument`);
		if (command !== OVERRIDE_PARAMETERS && !(typeof argument === "number" && argument >= 0 && argument <= 15))
			throw refused(`${where}: reporting policy is not 0 to 15`);
		found.push(argument);
	}
	if (found.length !== wanted.length) throw refused(`${where}: ${found.length} commands, expected ${wanted.length}`);
	return found;
}

/** A map with exactly these keys. */
function map(value: Cbor | undefined, what: string, keys: readonly number[], names: Names): CborMap {
	if (!(value instanceof Map)) throw refused(`${what} is not a map`);
	for (const key of value.keys())
		if (!keys.includes(key)) throw refused(`${what}: ${named(key, names)} is outside the profile`);
	for (const key of keys) if (!value.has(key)) throw refused(`${what}: ${named(key, names)} is missing`);
	return value;
}

function array(value: Cbor | undefined, what: string): readonly Cbor[] {
	if (!Array.isArray(value)) throw refused(`${what} is not an array`);
	return value;
}

function byteString(value: Cbor | undefined, what: string, length?: number): Uint8Array {
	if (!(value instanceof Uint8Array)) throw refused(`${what} is not a byte string`);
	if (length !== undefined && value.length !== length) throw refused(`${what} is not ${length} bytes`);
	return value;
}

function unsigned(value: Cbor | undefined, what: string): number {
	if (typeof value !== "number" || value < 1) throw refused(`${what} is not a positive integer`);
	return value;
}

/** SUIT_Digest: [-16, 32 bytes]. */
function sha256Digest(bytes: Uint8Array): Uint8Array {
	const [algorithm, digest, ...more] = array(decode(bytes), "digest");
	if (algorithm !== SHA256 || more.length !== 0) throw refused("digest is not SHA-256");
	return byteString(digest, "digest", 32);
}

function refused(what: string): Fault {
	return new Fault("ota.format", `suit: ${what}`);
}

type Names = Readonly<Record<number, string>>;

function named(key: Cbor, names: Names): string {
	return typeof key === "number" ? `${key} (${names[key] ?? "unknown"})` : "of a wrong type";
}

const MEMBERS: Names = /* @__PURE__ */ Object.freeze({
	1: "version",
	2: "sequence number",
	3: "common",
	4: "reference uri",
	5: "component id",
	7: "validate",
	8: "load",
	9: "invoke",
	15: "dependency resolution",
	16: "payload fetch",
	20: "install",
	23: "text",
});

const COMMON: Names = /* @__PURE__ */ Object.freeze({ 1: "dependencies", 2: "components", 4: "shared sequence" });

const PARAMETERS: Names = /* @__PURE__ */ Object.freeze({
	1: "vendor",
	2: "class",
	3: "image digest",
	5: "component slot",
	14: "image size",
	18: "content",
	19: "encryption",
	21: "uri",
	22: "source component",
	23: "invoke arguments",
	24: "device",
});

const COMMANDS: Names = /* @__PURE__ */ Object.freeze({
	1: "vendor identifier",
	2: "class identifier",
	3: "image match",
	5: "component slot",
	6: "check content",
	12: "set component index",
	14: "abort",
	15: "try-each",
	18: "write",
	20: "override parameters",
	21: "fetch",
	22: "copy",
	23: "invoke",
	24: "device identifier",
	31: "swap",
	32: "run sequence",
});
