/** Records of the wrong kind, at the wrong time, in clear; and what follows the client's Finished. */
import { Alert } from "../../../hw/moddable/tls/error.ts";
import { createLeaf } from "./chains.ts";
import { Content, type Crafted, certificateRequest, encode, record, type Script, serveAs, uint } from "./crafted.ts";
import { identity } from "./device.ts";
import type { Entity } from "./pki.ts";
import type { Row } from "./servers.ts";

export async function records(root: Entity): Promise<Row[]> {
	const leaf = await createLeaf(root);
	const serve = serveAs([leaf]);
	const finish = (
		name: string,
		send: (server: Crafted, finished: Buffer) => Buffer[],
		result = "tls.protocol",
		more: Script = {},
	) =>
		serve(name, result, {
			...more,
			finish: (server, finished) => void server.socket.write(Buffer.concat(send(server, finished))),
		});
	const instead = (name: string, bytes: Buffer, result = "tls.protocol") =>
		serve(name, result, { records: () => [bytes] });
	const first = (name: string, bytes: Buffer, result = "tls.protocol") =>
		serve(name, result, { records: (all) => [bytes, ...all.map((message) => record(Content.Handshake, message))] });
	const change = record(Content.ChangeCipherSpec, uint(1, 1));
	const after = (name: string, type: number, content: Buffer, result: string) =>
		serve(name, result, { onData: (server) => void server.socket.write(server.sealed(type, content)) });
	const surplus = { alert: Alert.UNEXPECTED_MESSAGE };
	const clear = (bytes: Buffer) => record(Content.Handshake, bytes);
	const empty = (server: Crafted, count: number) =>
		Array.from({ length: count }, () => server.sealed(Content.Data, Buffer.alloc(0)));
	return Promise.all([
		finish("Finished in clear, without ChangeCipherSpec", (_, finished) => [record(Content.Handshake, finished)]),
		finish("Finished in clear, after ChangeCipherSpec", (_, finished) => [change, record(Content.Handshake, finished)]),
		finish(
			"a wrong Finished",
			(server) => [change, server.sealed(Content.Handshake, encode({ type: 20, body: Buffer.alloc(12) }))],
			"tls.protocol",
			{ alert: Alert.DECRYPT_ERROR },
		),
		...[11, 13].map((bytes) =>
			finish(
				`a Finished of ${bytes} bytes`,
				(server, finished) => {
					const body = Buffer.concat([finished.subarray(4), Buffer.of(0)]).subarray(0, bytes);
					return [change, server.sealed(Content.Handshake, encode({ type: 20, body }))];
				},
				"tls.protocol",
				{ alert: Alert.DECODE_ERROR },
			),
		),
		finish(
			"Finished sealed with a bit wrong",
			(server, finished) => {
				const sealed = server.sealed(Content.Handshake, finished);
				return [change, Buffer.from(sealed.with(20, sealed[20]! ^ 1))];
			},
			"tls.protocol",
			{ alert: Alert.BAD_RECORD_MAC },
		),
		finish("Finished too short for a seal", (_, finished) => [change, clear(finished)], "tls.protocol", {
			alert: Alert.BAD_RECORD_MAC,
		}),
		finish(
			"one byte in clear before ChangeCipherSpec",
			(server, finished) => [clear(Buffer.of(20)), change, server.sealed(Content.Handshake, finished)],
			"tls.protocol",
			surplus,
		),
		finish(
			"three bytes in clear before ChangeCipherSpec",
			(server, finished) => [clear(Buffer.of(0, 0, 0)), change, server.sealed(Content.Handshake, finished)],
			"tls.protocol",
			surplus,
		),
		finish(
			"one byte after Finished",
			(server, finished) => [change, server.sealed(Content.Handshake, Buffer.concat([finished, Buffer.of(20)]))],
			"tls.protocol",
			surplus,
		),
		finish(
			"three bytes after Finished",
			(server, finished) => [change, server.sealed(Content.Handshake, Buffer.concat([finished, Buffer.of(0, 0, 0)]))],
			"tls.protocol",
			surplus,
		),
		serve("a byte after ServerHelloDone", "tls.protocol", {
			...surplus,
			records: (all) => [clear(Buffer.concat([...all, Buffer.of(14)]))],
		}),
		serve("two bytes of a handshake between data", "tls.protocol", {
			...surplus,
			onData: (server, data) =>
				void server.socket.write(
					Buffer.concat([server.sealed(Content.Handshake, Buffer.of(0, 0)), server.sealed(Content.Data, data)]),
				),
		}),
		serve("32 empty records, then an answer", "connected", {
			onData: (server, data) =>
				void server.socket.write(Buffer.concat([...empty(server, 32), server.sealed(Content.Data, data)])),
		}),
		serve("33 empty records", "tls.protocol", {
			...surplus,
			onData: (server) => void server.socket.write(Buffer.concat(empty(server, 33))),
		}),
		serve("32 empty records, a byte, 32 more, then an answer", "connected", {
			onData: (server) =>
				void server.socket.write(
					Buffer.concat([0, 1].flatMap(() => [...empty(server, 32), server.sealed(Content.Data, Buffer.from("ab"))])),
				),
		}),
		finish("Finished twice", (server, finished) => [
			change,
			server.sealed(Content.Handshake, Buffer.concat([finished, finished])),
		]),
		finish("ChangeCipherSpec twice", () => [change, change]),
		finish("ChangeCipherSpec of two bytes", () => [record(Content.ChangeCipherSpec, uint(0x0101, 2))]),
		finish("ChangeCipherSpec of another value", () => [record(Content.ChangeCipherSpec, uint(2, 1))]),
		finish("data in place of Finished", (server) => [change, server.sealed(Content.Data, Buffer.from("data"))]),
		finish("an alert about the certificate, without one", () => [record(Content.Alert, Buffer.of(2, 42))]),
		serveAs([leaf], identity(await createLeaf(root)))("an alert about the client's certificate", "tls.rejected", {
			flight: ([a, b, c, d]) => [a!, b!, c!, certificateRequest, d!],
			finish: (server) => void server.socket.write(record(Content.Alert, Buffer.of(2, 46))),
		}),
		finish("close_notify before Finished", () => [record(Content.Alert, Buffer.of(1, 0))], "wire.closed"),
		instead("close_notify in place of ServerHello", record(Content.Alert, Buffer.of(1, 0)), "wire.closed"),
		instead("an alert in place of ServerHello", record(Content.Alert, Buffer.of(2, 40))),
		instead("unrecognized_name", record(Content.Alert, Buffer.of(2, 112)), "tls.name"),
		...["ServerHello", "Certificate", "ServerKeyExchange", "CertificateRequest or ServerHelloDone"].map(
			(phase, before) =>
				serve(
					`ChangeCipherSpec in place of ${phase}`,
					"tls.protocol",
					{ ...surplus, records: (all) => all.map(clear).toSpliced(before, 0, change) },
					new RegExp(`^record of type 20, 1 bytes, expected ${phase}$`),
				),
		),
		serve(
			"ChangeCipherSpec when open",
			"tls.protocol",
			{ ...surplus, onData: (server) => void server.socket.write(server.sealed(Content.ChangeCipherSpec, uint(1, 1))) },
			/^record of type 20, 1 bytes, expected open$/,
		),
		first("data in clear", record(Content.Data, Buffer.from("data"))),
		first("an unknown record", record(99, Buffer.of(0))),
		first("an empty record", record(Content.Handshake, Buffer.alloc(0))),
		first("an alert of one byte", record(Content.Alert, Buffer.of(2))),
		first("an alert of four bytes", record(Content.Alert, Buffer.of(1, 0, 1, 0))),
		first("a record of SSL 2", Buffer.of(0x80, 0x2e, 4, 0, 0)),
		serve("a record longer than allowed", "tls.protocol", {
			alert: Alert.RECORD_OVERFLOW,
			records: () => [clear(Buffer.alloc(16_385, 11))],
		}),
		serve("a sealed record longer than allowed", "tls.protocol", {
			alert: Alert.RECORD_OVERFLOW,
			onData: (server) => void server.socket.write(server.sealed(Content.Data, Buffer.alloc(16_385))),
		}),
		serve("a sealed record of the greatest length", "connected", {
			onData: (server) => void server.socket.write(server.sealed(Content.Data, Buffer.alloc(16_384))),
		}),
		...[2048, 2049].map((bytes) =>
			serveAs([leaf], { maxRecordBytes: 2048 })(
				`a record of ${bytes} bytes for a device that holds 2,048`,
				bytes > 2048 ? "tls.record" : "connected",
				{
					...(bytes > 2048 && { alert: Alert.RECORD_OVERFLOW }),
					onData: (server) => void server.socket.write(server.sealed(Content.Data, Buffer.alloc(bytes))),
				},
			),
		),
		after("HelloRequest when open", Content.Handshake, encode({ type: 0, body: Buffer.alloc(0) }), "tls.protocol"),
		after("an empty sealed handshake record", Content.Handshake, Buffer.alloc(0), "tls.protocol"),
		after("a warning when open", Content.Alert, Buffer.of(1, 90), "wire.closed"),
		after("an alert when open", Content.Alert, Buffer.of(2, 80), "wire.closed"),
		after("close_notify when open", Content.Alert, Buffer.of(1, 0), "closed"),
		serve("data in clear when open", "tls.protocol", {
			onData: (server) => void server.socket.write(record(Content.Data, Buffer.alloc(40))),
		}),
		serve("empty data, then an answer", "connected", {
			onData: (server, data) =>
				void server.socket.write(
					Buffer.concat([server.sealed(Content.Data, Buffer.alloc(0)), server.sealed(Content.Data, data)]),
				),
		}),
		serve("an answer in the record after Finished, in one packet", "connected", {
			finish: (server, finished) =>
				void server.socket.write(
					Buffer.concat([
						change,
						server.sealed(Content.Handshake, finished),
						server.sealed(Content.Data, Buffer.from("early")),
					]),
				),
		}),
	]);
}
