/**
 * src/mqtt/packet.ts against bytes written out by hand from MQTT 3.1.1 (OASIS, 2014). Everything runs twice: over Node's
 * Buffer, and over the bundle with the device's stand-ins (hw/moddable/shims).
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { generate, type Packet, parser } from "mqtt-packet";
import { concat, hex, utf8 } from "../../src/base/bytes.ts";
import * as onNode from "../../src/mqtt/packet.ts";
import type { ServerPacket } from "../../src/mqtt/received.ts";
import { mutations } from "../support/mutate.ts";
import { packetsOf } from "../support/packets.ts";
import { random } from "../support/random.ts";
import { bundle, CLIENT, publish, REFUSED, SERVER, spaced } from "./vectors.ts";

type Codec = typeof onNode;

describe("over Node's Buffer", () => check(() => onNode));

describe("over the device's stand-ins", () => {
	let folder: string;
	let bundled: Codec;
	before(async () => {
		folder = await mkdtemp(join(tmpdir(), "enrollee-"));
		bundled = await import(pathToFileURL(await bundle(folder, "node")).href);
	});
	after(() => rm(folder, { recursive: true }));
	check(() => bundled);

	test("the bundle imports nothing", async () => {
		const { readFile } = await import("node:fs/promises");
		assert.doesNotMatch(await readFile(join(folder, "packet.js"), "utf8"), /^import\b|\brequire\(/m);
	});
});

function check(codec: () => Codec): void {
	const readerOf = (maxBytes = 1000) => new (codec().PacketReader)(maxBytes);
	const read = (bytes: Uint8Array, maxBytes?: number) => packetsOf(readerOf(maxBytes), bytes);

	for (const [section, packet, bytes] of CLIENT)
		test(`${section}: is encoded so`, () => assert.equal(hex(codec().encode(packet)), bytes.replaceAll(" ", "")));

	for (const [section, bytes, packet] of SERVER)
		test(`${section}: is read so`, () => assert.deepEqual(read(spaced(bytes)), [packet]));

	for (const [why, bytes] of REFUSED)
		test(`${why}: ${bytes} is refused`, () => assert.throws(() => read(spaced(bytes)), { code: "mqtt.protocol" }));

	test("all packets in one stream, split in two at every byte, and byte by byte", () => {
		const stream = concat(...SERVER.map(([, bytes]) => spaced(bytes)));
		const packets = SERVER.map(([, , packet]) => packet);
		for (let at = 0; at <= stream.length; at++)
			assert.deepEqual(packetsOf(readerOf(), stream.subarray(0, at), stream.subarray(at)), packets);
		assert.deepEqual(packetsOf(readerOf(), ...[...stream].map((byte) => Uint8Array.of(byte))), packets);
	});

	test("payloads of every length around the borders of the length field, and what it costs to send them", () => {
		for (const length of [0, 1, 122, 123, 124, 16377, 16378, 16379, 70_000]) {
			const payload = random(length).bytes(length);
			const bytes = codec().encode({ type: "publish", topic: "t/é", payload, qos: 1, id: 7 });
			assert.deepEqual(read(bytes, 80_000), [{ type: "publish", topic: "t/é", payload, qos: 1, id: 7 }]);
		}
	});

	test("a packet that lies whole in the bytes given is not copied, one that comes in pieces is put together", () => {
		const bytes = spaced("30 05 0001 61 6869");
		const [whole] = read(bytes);
		assert.ok(whole?.type === "publish" && whole.payload.buffer === bytes.buffer);
		const reader = readerOf(100);
		assert.deepEqual(packetsOf(reader, bytes.subarray(0, 4)), []);
		const [pieced] = packetsOf(reader, bytes.subarray(4));
		bytes.fill(0);
		assert.deepEqual(pieced, publish("a", "hi", 0, 0));
	});

	test("a packet of exactly the limit passes, one byte more is not held; one that is no PUBLISH is refused", () => {
		const limit = 200;
		const exact = codec().encode({ type: "publish", topic: "t", payload: new Uint8Array(194), qos: 0, id: 0 });
		assert.equal(exact.length, limit);
		assert.equal(read(exact, limit).length, 1);
		// 198 bytes follow: 201 in all.
		assert.equal(read(concat(spaced("30 c601 0001 74"), new Uint8Array(195)), limit)[0]!.type, "large");
		// Nothing of them has come yet.
		for (const header of ["20 c601", "40 ffffff7f", "90 c601", "d0 c601"])
			assert.throws(() => read(spaced(header), limit), { code: "mqtt.too-large" });
	});

	test("a PUBLISH over the limit comes in parts, cut anywhere, and what follows it as ever", () => {
		for (const qos of [0, 1] as const) {
			const payload = Uint8Array.from({ length: 300 }, (_, i) => i);
			const large = codec().encode({ type: "publish", topic: "a/\u00e9", payload, qos, id: 7 });
			const small = codec().encode({ type: "publish", topic: "b", payload: new Uint8Array(1), qos: 0, id: 0 });
			const stream = concat(small, large, small);
			for (const size of [1, 2, 3, 5, 100, 299, 300, 1000]) {
				const reader = readerOf(100);
				const cut = [];
				for (let at = 0; at < stream.length; at += size) cut.push(stream.slice(at, at + size));
				const packets = packetsOf(reader, ...cut);
				const parts = packets.flatMap((packet) => (packet.type === "part" ? [packet.payload] : []));
				const rest = packets.filter(({ type }) => type !== "part");
				assert.deepEqual(concat(...parts), payload, `${size}`);
				assert.deepEqual(
					rest.map(({ type }) => type),
					["publish", "large", "end", "publish"],
				);
				const bytes = large.length - 3;
				assert.deepEqual(rest[1], { type: "large", topic: "a/\u00e9", bytes, qos, id: qos === 0 ? 0 : 7 });
			}
		}
	});

	test("of a topic over the limit the beginning is kept; heads that cannot be are refused", () => {
		const topic = `t/${"x".repeat(5000)}`;
		const [large, end] = read(
			codec().encode({ type: "publish", topic, payload: new Uint8Array(), qos: 1, id: 5 }),
			100,
		);
		assert.deepEqual(
			[large?.type === "large" && large.topic, large?.type === "large" && large.id],
			[topic.slice(0, 1024), 5],
		);
		assert.equal(end?.type, "end");
		for (const bytes of ["30 c601 0000", "30 c601 00c7", "32 c601 00c4", "32 c601 0001 74 0000"])
			assert.throws(() => read(spaced(bytes), 200), { code: "mqtt.protocol" }, bytes);
	});

	test("a topic that is forbidden where the message is held is forbidden where it is not, beyond what is kept of it, too", () => {
		const message = (...topic: Uint8Array[]) => {
			const name = concat(...topic);
			const total = 2 + name.length + 200;
			const head = Uint8Array.of(0x30, (total & 0x7f) | 0x80, total >> 7, name.length >> 8, name.length & 0xff);
			return concat(head, name, new Uint8Array(200));
		};
		const before = new Uint8Array(1100).fill(0x74);
		assert.equal(read(message(before), 100)[0]!.type, "large");
		for (const bytes of [Uint8Array.of(0), utf8("#"), utf8("+")])
			for (const topic of [[bytes], [before, bytes], [before, bytes, before]])
				assert.throws(() => read(message(...topic), 100), { code: "mqtt.protocol" }, String(bytes));
		assert.throws(() => read(message(Uint8Array.of(0xff)), 100), { code: "mqtt.protocol" });
		// Cut within a character, by us.
		const [cut] = read(message(before.subarray(0, 1023), utf8("\u00e9")), 100);
		assert.equal(cut?.type === "large" && cut.topic, "?");
	});

	test("a CONNACK that refuses says that there is no session", () => {
		assert.equal(read(spaced("20 02 0005")).length, 1);
		assert.throws(() => read(spaced("20 02 0105")), { code: "mqtt.protocol" });
	});

	test("what cannot be sent is refused", () => {
		const { encode } = codec();
		const payload = new Uint8Array();
		const long = "x".repeat(65_536);
		const connect = { type: "connect", clientId: "d", clean: true, keepAliveSeconds: 0 } as const;
		const publishing = { type: "publish", payload, qos: 0, id: 0 } as const;
		for (const packet of [
			{ ...connect, clientId: long },
			{ ...connect, username: long },
			{ ...connect, username: "u", password: long },
			{ ...connect, username: "u", password: new Uint8Array(65_536) },
			{ ...publishing, topic: long },
			{ type: "subscribe", id: 1, filter: "é".repeat(32_768), qos: 1 } as const,
		])
			assert.throws(() => encode(packet), { code: "mqtt.too-large" });
		for (const topic of ["", "a/#", "a/+/b", "a\0"])
			assert.throws(() => encode({ ...publishing, topic }), { code: "mqtt.protocol" });
		assert.throws(() => encode({ type: "subscribe", id: 1, filter: "a\0", qos: 1 }), { code: "mqtt.protocol" });
		assert.throws(() => encode({ ...connect, password: "without a user name" }), { code: "mqtt.protocol" });
		assert.equal(encode({ ...publishing, topic: long.slice(1) }).length, 65_541);
	});

	test("every truncation of every packet waits for more and yields nothing", () => {
		for (const [, bytes] of SERVER) {
			const whole = spaced(bytes);
			for (let length = 0; length < whole.length; length++)
				assert.deepEqual(read(whole.subarray(0, length)), [], bytes);
		}
	});

	test("mutated packets end in a packet, in silence or in a Fault, never in anything else", () => {
		const outcomes = { packets: 0, refused: 0, waiting: 0 };
		for (const [, bytes] of SERVER)
			for (const spoiled of mutations(spaced(bytes), 400))
				try {
					outcomes[read(spoiled, 64).length > 0 ? "packets" : "waiting"]++;
				} catch (thrown) {
					// By name: the bundle has a Fault of its own.
					assert.match(String(thrown), /^Fault: mqtt\.(protocol|too-large): /, hex(spoiled));
					outcomes.refused++;
				}
		for (const [outcome, count] of Object.entries(outcomes)) assert.ok(count > 100, `${outcome}: ${count}`);
	});

	test("nothing is read that mqtt-packet refuses, and the rest as there", () => {
		let count = 0;
		for (const [, bytes] of SERVER)
			for (const spoiled of mutations(spaced(bytes), 500)) {
				let packet: ServerPacket | undefined;
				try {
					const reader = readerOf(64);
					reader.push(spoiled);
					packet = reader.next();
				} catch {}
				if (packet === undefined || packet.type === "large") continue;
				assert.deepEqual(packet, byLibrary(spoiled), hex(spoiled));
				count++;
			}
		assert.ok(count > 1000, `${count}`);
	});

	test("what another client's server writes is read: mqtt-packet over Node's Buffer as the peer", () => {
		const packets = [
			generate({ cmd: "connack", returnCode: 0, sessionPresent: true }),
			generate({ cmd: "suback", messageId: 3, granted: [1] }),
			generate({ cmd: "publish", topic: "$dps/é", payload: "{}", qos: 1, messageId: 9, dup: false, retain: false }),
		];
		assert.deepEqual(
			read(concat(...packets)).map(({ type }) => type),
			["connack", "suback", "publish"],
		);
	});
}

/** The first packet, as mqtt-packet reads it over Node's Buffer. */
function byLibrary(bytes: Uint8Array): unknown {
	const packets: Packet[] = [];
	const reader = parser({ protocolVersion: 4 });
	reader.on("packet", (packet) => packets.push({ ...packet }));
	reader.on("error", () => {});
	reader.parse(Buffer.from(bytes));
	const packet = packets[0] ?? assert.fail(`refused: ${hex(bytes)}`);
	const { cmd: type, messageId: id = 0 } = packet;
	switch (packet.cmd) {
		case "connack":
			return { type, sessionPresent: packet.sessionPresent, returnCode: packet.returnCode };
		case "publish":
			return { type, topic: packet.topic, payload: new Uint8Array(packet.payload as Buffer), qos: packet.qos, id };
		case "suback":
			return { type, id, granted: packet.granted };
		case "puback":
			return { type, id };
		default:
			return { type };
	}
}
