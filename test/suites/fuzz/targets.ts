/** What reads bytes that somebody else has written, on the device and in the cloud, each with inputs to begin with. */
import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseRegister } from "../../../cloud/register.ts";
import { parseRenewal } from "../../../cloud/renewal-request.ts";
import { checkSas } from "../../../cloud/sas.ts";
import { parseUser } from "../../../cloud/username.ts";
import { sha256 } from "../../../hw/node/digest.ts";
import { ArchiveReader } from "../../../src/application/archive.ts";
import { concat, equal, hex, utf8 } from "../../../src/base/bytes.ts";
import { JsonReader } from "../../../src/base/json-reader.ts";
import { Budget } from "../../../src/base/json-value.ts";
import { readAnswer } from "../../../src/base/sntp.ts";
import { Fault } from "../../../src/fault.ts";
import { openAnswer } from "../../../src/hub/issuance.ts";
import { decodeRecord } from "../../../src/identity/record.ts";
import { KeyPair } from "../../../src/key/pair.ts";
import { PacketReader } from "../../../src/mqtt/packet.ts";
import { decode, encode } from "../../../src/suit/cbor.ts";
import { readEnvelope, readManifest } from "../../../src/suit/manifest.ts";
import { ResponseReader } from "../../../src/update/http.ts";
import { parseHttpsUri } from "../../../src/update/uri.ts";
import { parseCertificate } from "../../../src/x509/certificate.ts";
import { encodeCsr, parseCsr } from "../../../src/x509/csr.ts";
import { context, element, octetString, oid, sequence, smallInteger } from "../../../src/x509/der.ts";
import { matchesHost } from "../../../src/x509/host.ts";
import { CURVES, readPrivateKey } from "../../../src/x509/key.ts";
import { decodePem, encodePem } from "../../../src/x509/pem.ts";
import { answered, begin } from "../../dps/registration-probe.ts";
import { encodeArchive } from "../../support/archives.ts";
import { packetsOf } from "../../support/packets.ts";
import { bundle, manifestOf, standInImage } from "../../support/release.ts";

export interface Target {
	readonly name: string;
	/** To begin with. */
	readonly seeds: readonly Uint8Array[];
	/** Returns, or throws a Fault; anything else is a finding. */
	readonly run: (bytes: Uint8Array) => void;
}

const key = new KeyPair(new Uint8Array(32).fill(1));
const csr = encodeCsr("dev-001", key);
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const json = (value: unknown): Uint8Array => utf8(JSON.stringify(value));
const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));
const file = (...path: string[]): Uint8Array => new Uint8Array(readFileSync(join(import.meta.dirname, ...path)));

/** What earlier runs have found that reaches further than what is written here, base64, by target. */
const kept = JSON.parse(Buffer.from(file("kept.json")).toString()) as Readonly<Record<string, readonly string[]>>;

const [leaf, root] = [file("leaf.der"), file("root.der")];
const anchor = file("../../../hw/moddable/tls/anchors/DigiCert_Global_Root_G2.der");
const sec1 = sequence(smallInteger(1), octetString(key.scalar()), element(context(0), oid(CURVES["P-256"])));
const sec1Pem = encodePem("EC PRIVATE KEY", sec1);
const pkcs8Pem = createPrivateKey(sec1Pem).export({ type: "pkcs8", format: "pem" }).toString();
const envelope = bundle(manifestOf(standInImage(2)), key);
const chain = [base64(leaf), encodePem("CERTIFICATE", root)];
const assigned = {
	operationId: "4.d0a6",
	status: "assigned",
	registrationState: {
		assignedHub: "h.example.net",
		deviceId: "d",
		issuedCertificateChain: chain,
		payload: { a: [1] },
	},
};
const HOST = "hub.example.net";
const NONCE = new Uint8Array(8).fill(7);

export const TARGETS: readonly Target[] = [
	{
		name: "certificate",
		seeds: [leaf, root, anchor],
		run(bytes) {
			const certificate = parseCertificate(bytes);
			const theirs = openssl(bytes); // undefined, or of no issuer, where what we only carry along is not DER
			if (matchesHost(certificate, HOST) && theirs) assert.ok(theirs.checkHost(HOST, { subject: "never" }));
			const issues = certificate.isCa && certificate.keyCertSign !== false;
			if (issues && theirs?.checkIssued(theirs)) assert.ok(theirs.ca);
		},
	},
	{ name: "csr", seeds: [csr], run: parseCsr },
	{
		name: "pem",
		seeds: [utf8(encodePem("CERTIFICATE", leaf)), utf8(encodePem("CERTIFICATE REQUEST", csr, "\r\n"))],
		run: (bytes) => void decodePem(latin1(bytes)),
	},
	{
		name: "private key",
		seeds: [utf8(sec1Pem), utf8(pkcs8Pem)],
		run: (bytes) => void readPrivateKey(latin1(bytes)),
	},
	{
		name: "cbor",
		seeds: [envelope, encode([1, [2, 3], "a", null, new Uint8Array(3), new Map([[1, -1]])])],
		run: (bytes) => assert.ok(equal(encode(decode(bytes)), bytes), "is not what it was read from"),
	},
	{ name: "envelope", seeds: [envelope], run: (bytes) => void readManifest(readEnvelope(bytes).manifest) },
	{ name: "manifest", seeds: [readEnvelope(envelope).manifest], run: (bytes) => void readManifest(bytes) },
	{
		name: "mqtt",
		seeds: ["20020000", "9003000101", "3206000174000178", "31080003612f62787878", "40020007", "d000"].map(fromHex),
		run(bytes) {
			const half = bytes.length >> 1;
			packetsOf(new PacketReader(256), bytes.subarray(0, half), bytes.subarray(half));
		},
	},
	{
		name: "json",
		seeds: [json({ a: [1.5e3, { b: "é\u0001" }], c: null, dd: "x\\", e: [true, false, [], {}] })],
		run(bytes) {
			const reader = new JsonReader(() => new Budget(100_000, 10_000, 32));
			const ours = outcome(() => {
				reader.push(bytes);
				return reader.end();
			});
			if (reader.cut.length > 0) return; // too deep for the budget
			const theirs = outcome(() =>
				JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)),
			);
			assert.deepEqual(ours, theirs);
		},
	},
	{
		name: "dps answer",
		seeds: [
			json(assigned),
			json({ operationId: "4.d0a6", status: "assigning" }),
			json({ errorCode: 401002, message: "no" }),
		],
		run(bytes) {
			const registration = begin();
			answered(registration, registration.take("$dps/registrations/res/200/?$rid=1&retry-after=3")!, bytes);
		},
	},
	{
		name: "hub answer",
		seeds: [json({ certificates: chain }), json(chain), json({ errorCode: 409004, message: "busy", retryAfter: 3 })],
		run(bytes) {
			const reader = openAnswer("$iothub/credentials/res/200/?$rid=1", "1", 6144);
			reader?.push(bytes);
			reader?.answer();
		},
	},
	{
		name: "topics",
		seeds: ["$dps/registrations/res/202/?$rid=1&retry-after=3", "$iothub/credentials/res/202/?$rid=1"].map(utf8),
		run(bytes) {
			begin().take(latin1(bytes));
			openAnswer(latin1(bytes), "1", 6144);
		},
	},
	{
		name: "http",
		seeds: [
			"HTTP/1.1 206 Partial Content\r\nContent-Length: 3\r\nContent-Range: bytes 5-7/8\r\n\r\nabc",
			"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n",
		].map(utf8),
		run(bytes) {
			const reader = new ResponseReader(5);
			reader.push(bytes.subarray(0, bytes.length >> 1));
			reader.push(bytes.subarray(bytes.length >> 1));
		},
	},
	{
		name: "uri",
		seeds: ["https://a.example:8443/b/c?q=1", "https://h/"].map(utf8),
		run: (bytes) => void parseHttpsUri(latin1(bytes)),
	},
	{
		name: "archive",
		seeds: [encodeArchive({ modules: { "app/main": fromHex("010203"), "app/b": fromHex("04") } })],
		run(bytes) {
			const reader = new ArchiveReader(bytes.length);
			reader.push(bytes);
			reader.end();
		},
	},
	{
		name: "sntp",
		seeds: [fromHex(`24010000${"00".repeat(20)}${hex(NONCE)}${"00".repeat(8)}ee7e000080000000`)],
		run: (bytes) => void readAnswer(bytes, NONCE),
	},
	{
		name: "record",
		seeds: [fromHex("454e524c010000000200000009010002aabb02000100")],
		run: (bytes) => void decodeRecord(concat(bytes, sha256(bytes))),
	},
	{
		name: "cloud: register",
		seeds: [json({ registrationId: "dev-001", csr: base64(csr), payload: { a: 1 } })],
		run: (bytes) => void parseRegister(bytes, "dev-001"),
	},
	{
		name: "cloud: renewal",
		seeds: [json({ id: "dev-001", csr: base64(csr), replace: "*" })],
		run: (bytes) => void parseRenewal(bytes, "dev-001"),
	},
	{
		name: "cloud: user",
		seeds: [
			"0ne00ABCDEF/registrations/dev-001/api-version=2019-03-31&ClientVersion=x",
			"h.example.net/dev-001/?api-version=2021-04-12&DeviceClientType=x",
		].map(utf8),
		run: (bytes) => void parseUser(latin1(bytes)),
	},
	{
		name: "cloud: token",
		seeds: [utf8("SharedAccessSignature sr=hub%2Fdevices%2Fd&sig=AAAA&se=1790000000&skn=p")],
		run: (bytes) => void checkSas(latin1(bytes), NONCE, () => true, 0),
	},
];

/** What to begin with, and what was kept. */
export const corpusOf = ({ name, seeds }: Target): Uint8Array[] => [
	...seeds,
	...(kept[name] ?? []).map((text) => new Uint8Array(Buffer.from(text, "base64"))),
];

/** Runs once. Returns what is wrong, or undefined. */
export function finding({ run }: Target, bytes: Uint8Array): unknown {
	try {
		run(bytes);
		return undefined;
	} catch (thrown) {
		return thrown instanceof Fault ? undefined : thrown;
	}
}

function openssl(bytes: Uint8Array): X509Certificate | undefined {
	try {
		return new X509Certificate(bytes);
	} catch {
		return undefined;
	}
}

function outcome(act: () => unknown): unknown {
	try {
		return act();
	} catch (thrown) {
		if (thrown instanceof RangeError || thrown instanceof SyntaxError || thrown instanceof TypeError) return "refused";
		throw thrown;
	}
}
