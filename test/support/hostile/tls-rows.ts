/**
 * What a server that nobody trusts may say from ServerHello to Finished: no certificate of it is needed for any of this. A leaf that can
 * be read is not for our host, which is said first.
 */
import { createServer } from "node:net";
import { element, octetString, oid, sequence, Tag, utf8String } from "../../../src/x509/der.ts";
import {
	Content,
	certificateBody,
	encode,
	type Message,
	record,
	type Script,
	serveAs,
	Type,
	uint,
	vector,
} from "../../sim/tls/crafted.ts";
import { type Entity, Extension, issue, rekeyed, type Wanted } from "../../sim/tls/pki.ts";
import { listen } from "../../sim/tls/servers.ts";
import type { Row } from "./row.ts";
import { times } from "./row.ts";

const KEY_USAGES = "2.5.29.37";
const NAMES = "2.5.29.17";

export function tlsRows(): Row[] {
	const row = (name: string, faults: string, port: Row["port"]): Row => ({
		phase: "tls",
		name,
		faults: faults.split(" "),
		survives: false,
		...(port && { port }),
	});
	const certified = (name: string, wanted: Partial<Wanted>, faults = "tls.untrusted") =>
		row(name, faults, () => served([issue({ name: "server", ...wanted })]));
	const extended = (name: string, id: string, value: Uint8Array, faults?: string) =>
		certified(name, { extensions: [new Extension(id, false, value)] }, faults);
	const scripted = (name: string, faults: string, script: Script) =>
		row(name, faults, () => served([issue({ name: "server" })], script));
	const answered = (name: string, faults: string, ...answer: readonly Uint8Array[]) =>
		row(name, faults, () => saying(Buffer.concat(answer)));
	const certificate = (name: string, body: () => Buffer, faults = "tls.untrusted") =>
		scripted(name, faults, { flight: ([a, , c, d]) => [a!, { type: Type.Certificate, body: body() }, c!, d!] });
	const before = (name: string, faults: string, ...records: readonly Buffer[]) =>
		scripted(name, faults, {
			records: (all) => [...records, ...all.map((message) => record(Content.Handshake, message))],
		});
	const names = (count: number) => ({ dnsNames: times(count, (i) => String.fromCharCode(97 + (i % 26))) });
	const request = (count: number): Message => ({
		type: 13,
		body: Buffer.concat([
			vector(1, uint(64, 1)),
			vector(2, uint(0x0403, 2)),
			vector(2, ...times(count, () => vector(2, Buffer.of(0x30, 0)))),
		]),
	});
	const lawful = (name: string, count: number): Row => ({
		...row(name, "none", undefined),
		lawful: true,
		faults: [],
		survives: true,
		arm: `san-flood=${count}`,
	});
	return [
		certified("300 names of one letter", names(300), "tls.name"),
		certified("1,200 names of one letter", names(1200), "tls.name"),
		certified("4,000 names of one letter", names(4000), "tls.protocol"),
		extended("900 key usages", KEY_USAGES, sequence(...times(900, () => oid("1.2.3")))),
		extended("names within names", NAMES, nested(1000), "tls.name"),
		extended("a name of 5 KB", NAMES, sequence(element(0x82, new Uint8Array(5000).fill(97))), "tls.name"),
		extended("a name of 7 KB", NAMES, sequence(element(0x82, new Uint8Array(7000).fill(97))), "tls.protocol"),
		certified("400 extensions", {
			extensions: times(400, (i) => new Extension(`1.2.3.${i}`, false, Uint8Array.of(5, 0))),
		}),
		extended("an extension of a number of 900 arcs", `1.2${".3".repeat(900)}`, Uint8Array.of(5, 0)),
		certificate("1,500 certificates of one byte", () => certificateBody(times(1500, () => Buffer.of(0x30)))),
		certificate("a certificate of nested sequences", () => certificateBody([nested(3000)]), "tls.protocol"),
		certificate(
			"a certificate of 60 KB",
			() => certificateBody([sequence(octetString(new Uint8Array(60_000)))]),
			"tls.protocol",
		),
		certificate("a subject of 300 parts", () =>
			certificateBody([
				sequence(sequence(...times(300, () => element(Tag.SET, sequence(oid("2.5.4.3"), utf8String("x")))))),
			]),
		),
		scripted("a message of 16 MB announced", "tls.protocol", {
			records: ([first]) =>
				[first!, Buffer.of(Type.Certificate, 255, 255, 255, 0)].map((bytes) => record(Content.Handshake, bytes)),
		}),
		scripted("messages in records of one byte", "tls.name", {
			records: (all) =>
				times(Buffer.concat(all).length, (i) => record(Content.Handshake, Buffer.concat(all).subarray(i, i + 1))),
		}),
		scripted("ServerHello with extensions of 7 KB", "tls.protocol", {
			extensions: Buffer.concat(times(1700, (i) => Buffer.concat([uint(0x4000 + i, 2), vector(2)]))),
		}),
		scripted("a list of 1,500 authorities", "tls.name", {
			flight: ([a, b, c, d]) => [a!, b!, c!, request(1500), d!],
		}),
		scripted("ServerKeyExchange of 7 KB", "tls.name", {
			parameters: () => Buffer.concat([uint(3, 1), uint(23, 2), Buffer.alloc(7000)]),
		}),
		before("1,000 empty records", "tls.protocol", ...times(1000, () => record(Content.Handshake, Buffer.alloc(0)))),
		before(
			"500 HelloRequests",
			"tls.protocol",
			...times(500, () => record(Content.Handshake, encode({ type: 0, body: Buffer.alloc(0) }))),
		),
		before("200 warnings", "tls.protocol", ...times(200, () => record(Content.Alert, Buffer.of(1, 90)))),
		before("a record of 16,385 bytes", "tls.protocol", record(Content.Handshake, Buffer.alloc(16_385))),
		before("a record of application data", "tls.protocol", record(Content.Data, Buffer.alloc(16_000))),
		answered("1 MB of zeros", "tls.protocol", Buffer.alloc(1_000_000)),
		answered("an answer in HTTP", "tls.protocol", Buffer.from(`HTTP/1.1 400 Bad Request\r\n\r\n${"x".repeat(20_000)}`)),
		answered("half a record", "tls.protocol", record(Content.Handshake, Buffer.alloc(8000)).subarray(0, 4000)),
		row("four certificates with keys of RSA-4096, in order, for our host", "tls.untrusted", () => heavy(99)),
		row("the same, and the leaf in 6.5 KB", "tls.untrusted", () => heavy(200)),
		row("a fifth below them, of the same key", "tls.untrusted", () => heavy(99, 1)),
		row("a sixth below them, of the same key", "tls.untrusted", () => heavy(99, 2)),
		row("a subject of 5.5 KB", "tls.untrusted", () => under({ name: "root" }, { name: "n".repeat(5500) })),
		row("an issuer of 3 KB, and its certificate", "tls.untrusted", () => under({ name: "n".repeat(3000) })),
		row("an issuer whose certificate has 7 KB", "tls.protocol", () =>
			under({ name: "large", extensions: [new Extension("1.2.3", false, octetString(new Uint8Array(6000)))] }),
		),
		row("a key of RSA with 40,000 bits", "tls.untrusted", async () => {
			const leaf = await issue({ name: "server", hosts: ["127.0.0.1"] });
			return served([Promise.resolve({ ...leaf, der: rekeyed(leaf, (1n << 40_000n) - 1n, 65_537n) })]);
		}),
		row("16 usages and 27 critical extensions with long numbers, in a leaf and in its issuer", "tls.untrusted", () =>
			under(LONG_NUMBERS, LONG_NUMBERS),
		),
		lawful("100 names under a trusted root", 100),
		lawful("250 names under a trusted root", 250),
	];
}

async function served(chain: readonly Promise<Entity>[], script: Script = {}): Promise<number> {
	return (await serveAs(await Promise.all(chain))("", "", script)).scenario.port;
}

const longNumber = (i: number): string => `1.2.${3 + i}${".127".repeat(25)}`;
const LONG_NUMBERS: Wanted = {
	name: "server",
	extendedUsages: times(16, longNumber),
	extensions: times(27, (i) => new Extension(longNumber(i), true, Uint8Array.of(5, 0))),
};

/** A leaf for our host, and its issuer, a root that nobody trusts. */
async function under(issuer: Wanted, leaf: Partial<Wanted> = {}): Promise<number> {
	const above = await issue({ ca: {}, ...issuer });
	return served([issue({ name: "server", hosts: ["127.0.0.1"], ...leaf, issuer: above }), Promise.resolve(above)]);
}

/** Of nobody's root, and up to there all is as it should be: a leaf of so many names, and above it two certificates or more. */
async function heavy(names: number, more = 0): Promise<number> {
	const kind = { type: "RSA-4096", hash: "SHA-384", ca: {} } as const;
	const above = [await issue({ name: "root", ...kind })];
	const { keys } = above[0]!;
	for (const name of ["policy", "issuing", ...times(more, (i) => `issuing ${i}`)])
		above.unshift(await issue({ name, ...kind, keys, issuer: above[0]! }));
	const hosts = ["127.0.0.1", ...times(names, (i) => `*.region-${i}.iot.example`)];
	const leaf = issue({ name: "server", type: "RSA-4096", hash: "SHA-384", issuer: above[0]!, hosts });
	return served([leaf, ...above.map((entity) => Promise.resolve(entity))]);
}

/** To whatever comes first. */
async function saying(answer: Uint8Array): Promise<number> {
	const server = createServer((socket) => void socket.on("error", () => {}).once("data", () => socket.end(answer)));
	return (await listen("", "", server)).scenario.port;
}

function nested(levels: number): Uint8Array {
	let inner = Uint8Array.of(5, 0);
	for (let i = 0; i < levels; i++) inner = Uint8Array.from(element(Tag.SEQUENCE, inner));
	return inner;
}
