/** The device's WebSocket client against `ws`, against answers that it must refuse, and against bytes by chance. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect as connectTcp } from "node:net";
import { test } from "node:test";
import { type WebSocket, WebSocketServer } from "ws";
import { WebSocketConnection, type WebSocketTools } from "../../hw/moddable/websocket.ts";
import { fill } from "../../hw/node/entropy.ts";
import { Fault } from "../../src/fault.ts";
import type { Connection, WireEvents, WireOptions } from "../../src/port.ts";
import { mutations } from "../support/mutate.ts";
import { random } from "../support/random.ts";

const sha1 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha1").update(bytes).digest());
const OPTIONS = { host: "localhost", anchors: [], webSocket: "/$iothub/websocket", timeoutSeconds: 5 };

test("bytes go both ways whole, in frames of every size; pings are answered; the end is orderly", async () => {
	const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "mqtt" });
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	const ponged = new Promise<string>((resolve) =>
		server.on("connection", (socket: WebSocket) => {
			socket.on("message", (data: Buffer) => {
				socket.ping("are you there");
				// One message in three frames.
				socket.send(data.subarray(0, 1), { fin: false });
				socket.send(data.subarray(1, 200), { fin: false });
				socket.send(data.subarray(200));
			});
			socket.once("pong", (data) => resolve(data.toString()));
		}),
	);
	for (const length of [1, 125, 126, 65_535, 65_536, 200_000]) {
		const sent = Uint8Array.from({ length }, (_, i) => (i * 7) & 0xff);
		const received: number[] = [];
		const fault = await new Promise<Fault | undefined>((resolve) => {
			const connection = new WebSocketConnection(
				{ ...OPTIONS, port },
				{
					onOpen: () => connection.write(sent),
					onData(bytes) {
						received.push(...bytes);
						if (received.length === length) connection.close();
					},
					onClose: resolve,
				},
				TOOLS,
				over(port),
			);
		});
		assert.equal(fault, undefined);
		assert.deepEqual(Uint8Array.from(received), sent);
	}
	assert.equal(await ponged, "are you there");
	server.close();
});

test("any answer to the upgrade but the right one is wire.websocket; none is wire.timeout", async () => {
	const accept = "Sec-WebSocket-Accept: ACCEPT\r\n";
	const good = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${accept}`;
	const answers: [string, string][] = [
		["HTTP/1.1 403 Forbidden\r\n\r\n", "status 403"],
		[`${good.replace("ACCEPT", "bm8=")}Sec-WebSocket-Protocol: mqtt\r\n\r\n`, "wrong accept key"],
		[`${good}\r\n`, "does not speak mqtt"],
		[`${good}Sec-WebSocket-Protocol: amqp\r\n\r\n`, "does not speak mqtt"],
		[`${good.replace("Upgrade: websocket\r\n", "")}Sec-WebSocket-Protocol: mqtt\r\n\r\n`, "does not upgrade"],
		[`${good}Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n`, "extension"],
		[`${good}X: ${"x".repeat(9000)}`, "more than 8192 bytes"],
		[`${good}Upgrade: ${"x".repeat(600)}`, "a line beyond 512 bytes"],
		[`${good}${accept}Sec-WebSocket-Protocol: mqtt\r\n\r\n`, "sec-websocket-accept repeated"],
		[`${good}no field\r\n\r\n`, "malformed header field"],
		[`${good.replace("1.1", "1.0")}Sec-WebSocket-Protocol: mqtt\r\n\r\n`, "status 101"],
		["SSH-2.0-OpenSSH_9.6\r\n", "no status line"],
	];
	for (const [answer, said] of answers) {
		const { fault } = run(answer);
		assert.equal(fault?.code, "wire.websocket", said);
		assert.match(fault!.message, new RegExp(said));
	}
	const { events, tick } = run("");
	tick();
	assert.equal(events.fault?.code, "wire.timeout");
});

test("of pings that come together the last is answered, alone: RFC 6455 section 5.5.3", () => {
	const pings = Buffer.concat(Array.from({ length: 20_000 }, (_, i) => Buffer.of(0x89, 2, i >> 8, i & 0xff)));
	const pongs = ({ written }: ReturnType<typeof opened>) =>
		written.slice(1).map((frame) => Buffer.from(unmasked(frame)));
	assert.deepEqual(pongs(opened(pings)), [Buffer.of(19_999 >> 8, 19_999 & 0xff)]);
	assert.equal(pongs(opened(pings.subarray(0, 4), pings.subarray(4, 8))).length, 2, "in turn: each");
	assert.deepEqual(pongs(opened(pings.subarray(0, 7), pings.subarray(7, 8))), [Buffer.of(0, 0), Buffer.of(0, 1)]);
	const { written, fault } = opened(Buffer.from("8900880203e8", "hex"));
	assert.deepEqual([written.length, written[1]![0], fault], [2, 0x88, undefined], "no pong behind the end");
});

test("frames that no server may send end the connection with mqtt.protocol", () => {
	const bad = [
		"8100",
		"8280",
		"c200",
		"0000",
		"0200020080",
		"8300",
		"897e0080",
		"0900",
		"827e0001",
		"827f0000000000000001",
		"827f0000000000ffffff",
		"8b00",
	];
	for (const hex of bad) assert.equal(opened(Buffer.from(hex, "hex")).fault?.code, "mqtt.protocol", hex);
	assert.equal(opened(Buffer.from("880203f3", "hex")).fault?.code, "wire.closed");
	assert.equal(opened(Buffer.from("880203e8", "hex")).fault, undefined);
});

test("mutated frames in pieces of any size give bytes or a Fault, and hold no more than a header", () => {
	const source = random();
	const good = Buffer.concat([
		Buffer.from("8205", "hex"),
		Buffer.from("hello"),
		Buffer.from("8901788a000201", "hex"),
		Buffer.from("a80003616263", "hex"),
		Buffer.from("827e0080", "hex"),
		Buffer.alloc(128),
	]);
	for (const bytes of mutations(good, 3000, source)) {
		const pieces: Uint8Array[] = [];
		for (let at = 0; at < bytes.length; ) {
			const size = 1 + source.integer(40);
			pieces.push(bytes.subarray(at, at + size));
			at += size;
		}
		const { received, fault } = opened(...pieces);
		assert.ok(received <= bytes.length);
		assert.ok(fault === undefined || fault instanceof Fault);
	}
});

test("masks differ from frame to frame and hide the payload", () => {
	const { connection, written } = opened();
	const frames = [0, 1].map(() => {
		connection.write(Buffer.from("secret"));
		return Buffer.from(written.at(-1)!);
	});
	assert.notDeepEqual(frames[0], frames[1]);
	for (const frame of frames) {
		assert.equal(frame.length, 12);
		assert.deepEqual([frame[0], frame[1]], [0x82, 0x86]);
		assert.equal(Buffer.from(unmasked(frame)).toString(), "secret");
	}
});

/** The payload of a frame of less than 126 bytes. */
const unmasked = (frame: Uint8Array): Uint8Array => frame.subarray(6).map((byte, i) => byte ^ frame[2 + (i % 4)]!);

const TOOLS: WebSocketTools = {
	fill,
	sha1,
	after: (milliseconds, callback) => {
		const timer = setTimeout(callback, milliseconds);
		return () => clearTimeout(timer);
	},
};

/** Plain TCP, for `ws`. */
const over =
	(port: number) =>
	(_options: WireOptions, events: WireEvents): Connection => {
		const socket = connectTcp(port, "127.0.0.1", () => events.onOpen());
		socket.on("data", (bytes) => events.onData(new Uint8Array(bytes)));
		socket.on("close", () => events.onClose());
		return { write: (bytes) => void socket.write(bytes), close: () => void socket.end() };
	};

/** Without a socket: `ACCEPT` in the answer becomes the right key. */
function run(answer: string, ...pieces: readonly Uint8Array[]) {
	const seen = { fault: undefined as Fault | undefined, received: 0, isClosed: false };
	const written: Uint8Array[] = [];
	let below: WireEvents | undefined;
	let tick = (): void => {};
	const connection = new WebSocketConnection(
		{ ...OPTIONS, port: 443 },
		{
			onOpen() {},
			onData: (bytes) => {
				seen.received += bytes.length;
			},
			onClose(fault) {
				assert.equal(seen.isClosed, false, "onClose twice");
				seen.isClosed = true;
				seen.fault = fault;
			},
		},
		{
			fill,
			sha1,
			after(_milliseconds, callback) {
				tick = callback;
				return () => {};
			},
		},
		(_options, events) => {
			below = events;
			return { write: (bytes) => void written.push(bytes), close: () => events.onClose() };
		},
	);
	below!.onOpen();
	const [, key = ""] = /Sec-WebSocket-Key: (\S+)/.exec(Buffer.from(written[0]!).toString()) ?? [];
	const accept = Buffer.from(sha1(Buffer.from(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`))).toString("base64");
	below!.onData(Buffer.from(answer.replace("ACCEPT", accept)));
	for (const piece of pieces) if (!seen.isClosed) below!.onData(piece);
	return { ...seen, events: seen, written, connection, tick: () => tick() };
}

function opened(...pieces: readonly Uint8Array[]) {
	const head = "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nconnection: keep-alive, Upgrade\r\n";
	return run(`${head}sec-websocket-accept: ACCEPT\r\nsec-websocket-protocol: mqtt\r\n\r\n`, ...pieces);
}
