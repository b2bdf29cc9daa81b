/** Messages missing, repeated, out of order; a ServerHello that chooses what was not offered; certificates malformed. */
import { Alert } from "../../../hw/moddable/tls/error.ts";
import { createLeaf } from "./chains.ts";
import {
	Content,
	certificateBody,
	certificateRequest,
	type Message,
	record,
	type Script,
	serveAs,
	Type,
	uint,
	vector,
} from "./crafted.ts";
import { type Entity, Extension, issue } from "./pki.ts";
import type { Row } from "./servers.ts";

export async function order(root: Entity): Promise<Row[]> {
	const serve = serveAs([await createLeaf(root)]);
	const flight = (name: string, change: (flight: Message[]) => (Message | undefined)[]) =>
		serve(
			name,
			"tls.protocol",
			{ flight: (all) => change(all).filter((message) => message !== undefined) },
			/^message/,
		);
	const request = (name: string, parts: Buffer[]) =>
		serve(name, "tls.protocol", {
			alert: Alert.DECODE_ERROR,
			flight: ([a, b, c, d]) => [a!, b!, c!, { type: 13, body: Buffer.concat(parts) }, d!],
		});
	const requestFor = (authorities: Buffer) =>
		Buffer.concat([vector(1, uint(64, 1)), vector(2, uint(0x0403, 2)), authorities]);
	const name = vector(2, Buffer.of(0x30, 0));
	const message = (type: number, body: Buffer = Buffer.alloc(0)): Message => ({ type, body });
	return Promise.all([
		serve("the server left alone", "connected"),
		serve("a request for a certificate", "connected", {
			flight: ([a, b, c, d]) => [a!, b!, c!, certificateRequest, d!],
		}),
		serve("messages in records of 7 bytes", "connected", { records: (all) => pieces(Buffer.concat(all), 7) }),
		serve("all messages in one record", "connected", { records: (all) => pieces(Buffer.concat(all), 16_384) }),
		request("CertificateRequest without schemes", [vector(1, uint(64, 1)), vector(2), vector(2)]),
		request("CertificateRequest with half a scheme", [vector(1, uint(64, 1)), vector(2, uint(4, 1)), vector(2)]),
		request("CertificateRequest without types", [vector(1), vector(2, uint(0x0403, 2)), vector(2)]),
		request("CertificateRequest with a name cut", [
			vector(1, uint(64, 1)),
			vector(2, uint(0x0403, 2)),
			vector(2, uint(5, 2), Buffer.alloc(4)),
		]),
		request("CertificateRequest with half a name's length", [
			vector(1, uint(64, 1)),
			vector(2, uint(0x0403, 2)),
			vector(2, uint(0, 1)),
		]),
		request("CertificateRequest with a byte too many", [
			vector(1, uint(64, 1)),
			vector(2, uint(0x0403, 2)),
			vector(2),
			uint(0, 1),
		]),
		serve("CertificateRequest with two names", "connected", {
			flight: ([a, b, c, d]) => [a!, b!, c!, { type: 13, body: requestFor(vector(2, name, name)) }, d!],
		}),
		flight("no Certificate", ([hello, , exchange, done]) => [hello, exchange, done]),
		flight("no ServerKeyExchange", ([hello, certificate, , done]) => [hello, certificate, done]),
		flight("nothing but ServerHello and ServerHelloDone", ([hello, , , done]) => [hello, done]),
		flight("no ServerHello", ([, certificate, exchange, done]) => [certificate, exchange, done]),
		flight("ServerHello twice", ([hello, ...rest]) => [hello, hello, ...rest]),
		flight("Certificate twice", ([hello, certificate, ...rest]) => [hello, certificate, certificate, ...rest]),
		flight("ServerKeyExchange twice", ([a, b, exchange, d]) => [a, b, exchange, exchange, d]),
		flight("CertificateRequest twice", ([a, b, c, d]) => [a, b, c, certificateRequest, certificateRequest, d]),
		flight("CertificateRequest too early", ([a, b, c, d]) => [a, b, certificateRequest, c, d]),
		flight("ServerKeyExchange before Certificate", ([a, b, c, d]) => [a, c, b, d]),
		flight("ServerHelloDone twice", ([a, b, c, d]) => [a, b, c, d, d]),
		flight("HelloRequest first", (all) => [message(Type.HelloRequest), ...all]),
		flight("a ClientHello of the server", ([hello, ...rest]) => [message(Type.ClientHello, hello!.body), ...rest]),
		flight("Finished at once", ([hello, certificate]) => [hello, certificate, message(20, Buffer.alloc(12))]),
		flight("NewSessionTicket", ([a, b, c, d]) => [a, b, c, message(4, Buffer.alloc(10)), d]),
		flight("CertificateStatus", ([a, b, c, d]) => [a, b, message(22, Buffer.alloc(10)), c, d]),
		flight("an unknown message", ([hello, ...rest]) => [hello, message(99, Buffer.alloc(4)), ...rest]),
		flight("ServerHelloDone with a body", ([a, b, c]) => [a, b, c, message(14, Buffer.alloc(1))]),
		flight("Certificate without a body", ([hello, , c, d]) => [hello, message(Type.Certificate), c, d]),
		serve("a ServerKeyExchange of 6,145 bytes announced", "tls.protocol", {
			records: ([first, second]) =>
				[first!, second!, Buffer.concat([uint(Type.ServerKeyExchange, 1), uint(6145, 3)])].map((bytes) =>
					record(Content.Handshake, bytes),
				),
		}),
		serve("a message of 16 MB announced", "tls.protocol", {
			records: ([first]) =>
				[first!, Buffer.of(Type.Certificate, 255, 255, 255, 0)].map((bytes) => record(Content.Handshake, bytes)),
		}),
	]);
}

export async function hello(root: Entity): Promise<Row[]> {
	const serve = serveAs([await createLeaf(root)]);
	const unnamed = serveAs([await createLeaf(root, { hosts: ["127.0.0.1"] })], { host: "127.0.0.1" });
	const edit = (change: (body: Buffer) => Uint8Array): Script => ({
		flight: ([first, ...rest]) => [{ ...first!, body: Buffer.from(change(first!.body)) }, ...rest],
	});
	const refused = (name: string, script: Script, alert?: number, message?: RegExp) =>
		serve(name, "tls.protocol", alert === undefined ? script : { ...script, alert }, message);
	const notOffered = (name: string, script: Script) =>
		refused(
			name,
			script,
			Alert.ILLEGAL_PARAMETER,
			/^the server chose a (cipher suite|compression) that was not offered/,
		);
	const extensions = (...all: readonly (readonly [number, Buffer])[]): Script => ({
		extensions: Buffer.concat(all.map(([type, body]) => Buffer.concat([uint(type, 2), vector(2, body)]))),
	});
	const renegotiation = [0xff01, Buffer.of(0)] as const;
	return Promise.all([
		serve(
			"extensions that were offered",
			"connected",
			extensions([0, Buffer.alloc(0)], renegotiation, [11, Buffer.of(1, 0)]),
		),
		serve("max_fragment_length as asked for", "connected", extensions([1, Buffer.of(2)])),
		refused("max_fragment_length of another length", extensions([1, Buffer.of(3)]), Alert.ILLEGAL_PARAMETER),
		refused(
			"TLS 1.1",
			edit((body) => body.with(1, 2)),
		),
		refused(
			"SSL 3",
			edit((body) => body.with(1, 0)),
		),
		refused(
			"TLS 1.3 in the version field",
			edit((body) => body.with(1, 4)),
		),
		notOffered("static RSA", { suite: 0x002f }),
		notOffered("DHE", { suite: 0x009e }),
		notOffered("ECDHE with CBC", { suite: 0xc027 }),
		notOffered("no cipher", { suite: 0x0000 }),
		notOffered("the signalling suite", { suite: 0x00ff }),
		refused("a suite for RSA keys", { suite: 0xc02f }),
		notOffered(
			"compression",
			edit((body) => body.with(body.length - 1, 1)),
		),
		refused(
			"a session id of 33 bytes",
			edit((body) => Buffer.concat([body.subarray(0, 34), vector(1, Buffer.alloc(33)), body.subarray(35)])),
			Alert.DECODE_ERROR,
		),
		refused("an extension nobody offered", extensions([23, Buffer.alloc(0)]), Alert.UNSUPPORTED_EXTENSION),
		unnamed("an answer to a name, where an address was asked for", "tls.protocol", {
			...extensions([0, Buffer.alloc(0)]),
			alert: Alert.UNSUPPORTED_EXTENSION,
		}),
		unnamed("no answer to a name, where an address was asked for", "connected", extensions(renegotiation)),
		refused("an extension twice", extensions(renegotiation, renegotiation), Alert.ILLEGAL_PARAMETER),
		refused("a renegotiation", extensions([0xff01, Buffer.of(1, 7)]), Alert.HANDSHAKE_FAILURE),
		refused("a name in the answer to a name", extensions([0, Buffer.of(1)]), Alert.DECODE_ERROR),
		refused("no uncompressed points", extensions([11, Buffer.of(2, 1, 2)]), Alert.ILLEGAL_PARAMETER),
		refused("an empty list of point formats", extensions([11, Buffer.of(0)]), Alert.DECODE_ERROR),
		refused(
			"bytes after the extensions",
			edit((body) => Buffer.concat([body, vector(2), Buffer.of(0)])),
		),
		refused(
			"cut",
			edit((body) => body.subarray(0, 20)),
		),
	]);
}

export async function certificates(root: Entity): Promise<Row[]> {
	const leaf = await createLeaf(root);
	const other = await issue({ name: "other" });
	const body = (name: string, result: string, make: () => Buffer) =>
		serveAs([leaf])(name, result, { flight: ([a, , c, d]) => [a!, { type: Type.Certificate, body: make() }, c!, d!] });
	/** What is refused by a length alone: nothing else comes. */
	const cut = (name: string, result: string, announced: number, ...parts: readonly Buffer[]) =>
		serveAs([leaf])(name, result, {
			records: ([hello]) => [
				record(Content.Handshake, hello!),
				record(Content.Handshake, Buffer.concat([uint(Type.Certificate, 1), uint(announced, 3), ...parts])),
			],
		});
	const der = Buffer.from(leaf.der);
	const listed = vector(3, der);
	const long = await createLeaf(root, { extensions: [new Extension("1.2.3", false, new Uint8Array(6000))] });
	const padded = (bytes: number) =>
		createLeaf(root, { extensions: [new Extension("1.2.3", false, new Uint8Array(6000 + bytes - long.der.length))] });
	const [largest, larger] = await Promise.all([exactly(6656, padded), exactly(6657, padded)]);
	return Promise.all([
		body("no certificate in Certificate", "tls.untrusted", () => certificateBody([])),
		body("an empty certificate", "tls.untrusted", () => certificateBody([Buffer.alloc(0)])),
		body("an empty certificate behind the last link", "tls.untrusted", () => certificateBody([der, Buffer.alloc(0)])),
		body("text for a certificate", "tls.untrusted", () => certificateBody([Buffer.from("certificate")])),
		body("a certificate cut", "tls.untrusted", () => certificateBody([der.subarray(0, -1)])),
		body("a byte after a certificate", "tls.untrusted", () => certificateBody([Buffer.concat([der, Buffer.of(0)])])),
		body("garbage after the last link", "tls.untrusted", () => certificateBody([der, Buffer.alloc(50)])),
		body("a stranger's leaf", "tls.name", () => certificateBody([other.der, der])),
		body("a list longer than it says", "tls.protocol", () => Buffer.concat([certificateBody([der]), Buffer.of(0)])),
		body("a list that says nothing of its second certificate", "tls.protocol", () =>
			Buffer.concat([uint(listed.length, 3), listed, listed]),
		),
		body("a list shorter than it says", "tls.protocol", () => Buffer.concat([uint(listed.length + 1, 3), listed])),
		...[1, 2].map((bytes) =>
			body(`${bytes} bytes after the last certificate`, "tls.protocol", () => vector(3, listed, Buffer.alloc(bytes))),
		),
		...[1, 2].map((bytes) => cut(`a body of ${bytes} bytes`, "tls.protocol", bytes, Buffer.alloc(bytes))),
		body("a certificate longer than the list", "tls.protocol", () => vector(3, uint(5000, 3), der)),
		body("nine hundred certificates", "tls.untrusted", () => certificateBody(Array(900).fill(Buffer.alloc(9)))),
		serveAs([largest])("a certificate of 6,656 bytes", "connected"),
		serveAs([largest, await exactly(3072, padded)])("a certificate of 6,656 bytes, and one of 3,072", "connected", {
			records: (all) => pieces(Buffer.concat(all), 16_384),
		}),
		serveAs([larger])("a certificate of 6,657 bytes", "tls.protocol"),
		cut("a certificate of 6,657 bytes that is announced", "tls.protocol", 6663, uint(6660, 3), uint(6657, 3)),
		body("a certificate of 3,073 bytes above the leaf", "tls.protocol", () =>
			certificateBody([der, Buffer.alloc(3073)]),
		),
		cut("a body of 16,385 bytes that is announced", "tls.protocol", 16_385),
		cut(
			"a sixth certificate that is announced",
			"tls.untrusted",
			5 * listed.length + 903,
			uint(5 * listed.length + 900, 3),
			...Array<Buffer>(5).fill(listed),
			uint(100, 3),
		),
		serveAs([leaf])("messages in records of one byte", "connected", {
			records: (all) => pieces(Buffer.concat(all), 1),
		}),
	]);
}

/** A signature by ECDSA has another length now and then. */
async function exactly(bytes: number, make: (bytes: number) => Promise<Entity>): Promise<Entity> {
	for (;;) {
		const made = await make(bytes);
		if (made.der.length === bytes) return made;
	}
}

const pieces = (bytes: Buffer, size: number): Buffer[] => {
	const all: Buffer[] = [];
	for (let at = 0; at < bytes.length; at += size) all.push(record(Content.Handshake, bytes.subarray(at, at + size)));
	return all;
};
