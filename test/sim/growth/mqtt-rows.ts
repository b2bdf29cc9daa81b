/** MQTT packets, WebSocket frames, HTTP heads, TLS records. */

import { WebSocketConnection } from "../../../hw/moddable/websocket.ts";
import { utf8 } from "../../../src/base/bytes.ts";
import { PacketReader } from "../../../src/mqtt/packet.ts";
import { Session } from "../../../src/mqtt/session.ts";
import { ResponseReader } from "../../../src/update/http.ts";
import { packetsOf } from "../../support/packets.ts";
import { pieces, type Row, times } from "./row.ts";

export function mqttRows(): Row[] {
	const packets = (
		name: string,
		most: number,
		bytes: (size: number) => Uint8Array,
		piece = 1024,
		limit = 1 << 20,
	): Row => ({
		name: `MQTT: ${name}`,
		of: [
			"src/mqtt/packet.ts PacketReader",
			"src/mqtt/header.ts FixedHeader",
			"src/mqtt/input.ts Input",
			"src/mqtt/large.ts LargePublish",
			"src/mqtt/received.ts received",
		],
		most,
		prepare: (size) => {
			const all = bytes(size);
			return () => {
				const reader = new PacketReader(limit);
				for (const part of pieces(all, piece)) packetsOf(reader, part);
			};
		},
	});
	const large = (size: number) => publish("a/b", new Uint8Array(size));
	return [
		packets("one message", 65_536, large),
		packets("one message, byte by byte", 2048, large, 1),
		packets("a message that is not held", 65_536, large, 1024, 256),
		packets("a message that is not held, byte by byte", 2048, large, 1, 256),
		packets("a long topic", 16_384, (size) => publish("t".repeat(size), new Uint8Array(1))),
		packets("a long topic that is not held", 16_384, (size) => publish("t".repeat(size), new Uint8Array(1)), 512, 128),
		packets("messages", 256, (size) => joined(times(size, () => publish("a/b", new Uint8Array(20))))),
		packets("answers, byte by byte", 256, (size) => joined(times(size, () => Uint8Array.of(0x40, 2, 0, 7))), 1),
		packets("codes in an answer", 100, (size) => Uint8Array.of(0x90, size + 2, 0, 1, ...times(size, () => 0))),
		{
			name: "MQTT: messages and acknowledgements in a session",
			of: ["src/mqtt/session.ts Session"],
			most: 256,
			prepare: (size) => {
				const came = joined(times(size, (i) => Uint8Array.of(0x32, 5, 0, 1, 97, i >> 8, (i & 255) + 1, 0x40, 2, 0, 0)));
				for (let i = 0; i < size; i++) came.set([(i + 1) >> 8, (i + 1) & 255], 11 * i + 9);
				return () => {
					const options = { clientId: "d", clean: true, keepAliveSeconds: 9, maxPacketBytes: 99, timeoutSeconds: 9 };
					const session = new Session(
						options,
						{ onOpen() {}, onMessage() {}, onClose() {} },
						{ write() {}, close() {} },
					);
					session.start(0);
					session.receive(Uint8Array.of(0x20, 2, 0, 0), 0);
					for (let i = 0; i < size; i++) session.publish("a", new Uint8Array(0), 1, () => {}, 0);
					session.receive(came, 0);
					session.tick(0);
				};
			},
		},
		...webSocketRows(),
		...httpRows(),
	];
}

function webSocketRows(): Row[] {
	const opened = (size: number, heads: number): { socket: WebSocketConnection; head: Uint8Array } => {
		const socket = new WebSocketConnection(
			{ host: "h", port: 443, webSocket: "/", timeoutSeconds: 1, anchors: [] },
			{ onOpen() {}, onData() {}, onClose() {} },
			{
				fill() {},
				sha1: () => new Uint8Array(20),
				after: () => () => {},
			},
			() => ({ write() {}, close() {} }),
		);
		socket.onOpen();
		const fields = times(heads, (i) => `X-${i}: ${"y".repeat(size)}\r\n`).join("");
		return {
			socket,
			head: utf8(
				`HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n${fields}\r\n`,
			),
		};
	};
	const socket = (
		name: string,
		most: number,
		heads: (size: number) => number,
		frames: (size: number) => Uint8Array,
		piece: number,
	): Row => ({
		name: `WebSocket: ${name}`,
		of: ["hw/moddable/websocket.ts WebSocketConnection"],
		most,
		prepare: (size) => {
			const body = frames(size);
			const all = opened(1, heads(size));
			let used = false;
			return () => {
				const { socket, head } = used ? opened(1, heads(size)) : all;
				used = true;
				for (const part of pieces(head, piece)) socket.onData(part);
				for (const part of pieces(body, piece)) socket.onData(part);
			};
		},
	});
	const nothing = () => new Uint8Array(0);
	const frame = (first: number, bytes: number) => Uint8Array.of(first, bytes, ...new Uint8Array(bytes));
	return [
		socket("fields of a head", 128, (size) => size, nothing, 1024),
		socket("fields of a head, byte by byte", 128, (size) => size, nothing, 1),
		socket(
			"frames",
			1024,
			() => 0,
			(size) => joined(times(size, () => frame(0x82, 20))),
			1024,
		),
		socket(
			"frames, byte by byte",
			256,
			() => 0,
			(size) => joined(times(size, () => frame(0x82, 20))),
			1,
		),
		socket(
			"pings",
			1024,
			() => 0,
			(size) => joined(times(size, () => frame(0x89, 100))),
			1024,
		),
		socket(
			"pings, byte by byte",
			64,
			() => 0,
			(size) => joined(times(size, () => frame(0x89, 100))),
			1,
		),
		socket(
			"empty frames",
			2048,
			() => 0,
			(size) => joined(times(size, () => Uint8Array.of(0x82, 0))),
			1024,
		),
	];
}

function httpRows(): Row[] {
	const http = (
		name: string,
		most: number,
		head: (size: number) => string,
		piece: number,
		body: (size: number) => number = () => 0,
		before: (size: number) => string = () => "",
	): Row => ({
		name: `HTTP: ${name}`,
		of: ["src/update/http.ts ResponseReader", "src/base/http-head.ts HeadReader"],
		most,
		prepare: (size) => {
			const bytes = joined([
				utf8(`${before(size)}HTTP/1.1 200 OK\r\n${head(size)}Content-Length: ${body(size)}\r\n\r\n`),
				new Uint8Array(body(size)),
			]);
			return () => {
				const reader = new ResponseReader(0);
				for (const part of pieces(bytes, piece)) reader.push(part);
				if (!reader.done) throw new Error("not done");
			};
		},
	});
	const fields = (size: number) => times(size, (i) => `X-${i}: ${i}\r\n`).join("");
	return [
		http("fields", 500, fields, 1024),
		http("fields, byte by byte", 500, fields, 1),
		http("a long field", 8000, (size) => `X: ${"y".repeat(size)}\r\n`, 1024),
		http("line ends in a field", 4000, (size) => `${"X: y \t\r\n".repeat(size / 8)}`, 1024),
		http("blanks in a field", 8000, (size) => `X:${" \t".repeat(size / 2)}y\r\n`, 1024),
		http("blanks at a field's end", 8000, (size) => `X: y${" \t".repeat(size / 2)}\r\n`, 1024),
		http(
			"informational answers",
			256,
			() => "",
			1024,
			() => 0,
			(size) => "HTTP/1.1 100 Continue\r\n\r\n".repeat(size),
		),
		http(
			"a body",
			65_536,
			() => "",
			1024,
			(size) => size,
		),
		http(
			"a body, byte by byte",
			4096,
			() => "",
			1,
			(size) => size,
		),
	];
}

/** QoS 0. */
function publish(topic: string, payload: Uint8Array): Uint8Array {
	const length = 2 + topic.length + payload.length;
	const remaining: number[] = [];
	for (let left = length; remaining.length === 0 || left > 0; left >>>= 7)
		remaining.push((left & 127) | (left > 127 ? 128 : 0));
	return joined([Uint8Array.of(0x30, ...remaining, topic.length >> 8, topic.length & 255), utf8(topic), payload]);
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
	const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		all.set(part, at);
		at += part.length;
	}
	return all;
}
