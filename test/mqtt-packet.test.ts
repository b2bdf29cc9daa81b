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
import commonjs from "@rollup/plugin-commonjs";
import resolve from "@rollup/plugin-node-resolve";
import { generate } from "mqtt-packet";
import { rollup } from "rollup";
import ts from "typescript";
import { mqttPacketShims } from "../hw/moddable/shims/rollup.js";
import { concat, fromHex, hex, utf8 } from "../src/bytes.ts";
import * as onNode from "../src/mqtt/packet.ts";
import { mutations } from "./fake/mutate.ts";
import { random } from "./fake/random.ts";

type Codec = typeof onNode;

/** Hand-made from the sections named; spaces divide the fields. */
const CLIENT: [section: string, packet: onNode.ClientPacket, bytes: string][] = [
	[
		"3.1 CONNECT, clean, keep alive 240, no user name",
		{ type: "connect", clientId: "dev-001", clean: true, keepAliveSeconds: 240 },
		"10 13 0004 4d515454 04 02 00f0 0007 6465762d303031",
	],
	[
		"3.1 CONNECT, not clean, with user name and password as text",
		{ type: "connect", clientId: "d", username: "u/é", password: "p", clean: false, keepAliveSeconds: 60 },
		"10 16 0004 4d515454 04 c0 003c 0001 64 0004 752fc3a9 0001 70",
	],
	[
		"3.1 CONNECT with a password of bytes that are not UTF-8",
		{
			type: "connect",
			clientId: "d",
			username: "u",
			password: Uint8Array.of(0xff, 0),
			clean: true,
			keepAliveSeconds: 0,
		},
		"10 14 0004 4d515454 04 c2 0000 0001 64 0001 75 0002 ff00",
	],
	[
		"3.3 PUBLISH QoS 0",
		{ type: "publish", topic: "a/b", payload: utf8("hi"), qos: 0, id: 0 },
		"30 07 0003 612f62 6869",
	],
	[
		"3.3 PUBLISH QoS 1",
		{ type: "publish", topic: "a/b", payload: utf8("hi"), qos: 1, id: 0x1234 },
		"32 09 0003 612f62 1234 6869",
	],
	[
		"3.3 PUBLISH QoS 1 without payload",
		{ type: "publish", topic: "é", payload: new Uint8Array(), qos: 1, id: 1 },
		"32 06 0002 c3a9 0001",
	],
	["3.4 PUBACK", { type: "puback", id: 0xffff }, "40 02 ffff"],
	["3.8 SUBSCRIBE", { type: "subscribe", id: 10, filter: "a/#", qos: 1 }, "82 08 000a 0003 612f23 01"],
	["3.12 PINGREQ", { type: "pingreq" }, "c0 00"],
	["3.14 DISCONNECT", { type: "disconnect" }, "e0 00"],
];

const SERVER: [section: string, bytes: string, packet: onNode.ServerPacket][] = [
	["3.2 CONNACK accepted", "20 02 00 00", { type: "connack", sessionPresent: false, returnCode: 0 }],
	["3.2 CONNACK with a session", "20 02 01 00", { type: "connack", sessionPresent: true, returnCode: 0 }],
	["3.2 CONNACK not authorized", "20 02 00 05", { type: "connack", sessionPresent: false, returnCode: 5 }],
	["3.3 PUBLISH QoS 0", "30 07 0003 612f62 6869", publish("a/b", "hi", 0, 0)],
	["3.3 PUBLISH QoS 0, retained", "31 07 0003 612f62 6869", publish("a/b", "hi", 0, 0)],
	["3.3 PUBLISH QoS 1", "32 09 0003 612f62 1234 6869", publish("a/b", "hi", 1, 0x1234)],
	["3.3 PUBLISH QoS 1, again", "3a 09 0003 612f62 1234 6869", publish("a/b", "hi", 1, 0x1234)],
	["3.3 PUBLISH without payload, UTF-8 topic", "30 06 0004 f09f9280", publish("💀", "", 0, 0)],
	["3.4 PUBACK", "40 02 0001", { type: "puback", id: 1 }],
	["3.9 SUBACK", "90 03 000a 01", { type: "suback", id: 10, granted: [1] }],
	["3.9 SUBACK with a refusal", "90 05 000a 80 02 00", { type: "suback", id: 10, granted: [0x80, 2, 0] }],
	["3.13 PINGRESP", "d0 00", { type: "pingresp" }],
	["2.2.3 remaining length not in its shortest form", "40 8200 0001", { type: "puback", id: 1 }],
];

const REFUSED: [why: string, bytes: string][] = [
	["2.2.1 reserved type 0", "00 00"],
	["2.2.1 reserved type 15", "f0 00"],
	...[
		"10 00",
		"50 02 0001",
		"62 02 0001",
		"70 02 0001",
		"82 06 0001 0001 61 00",
		"a2 05 0001 0001 61",
		"b0 02 0001",
	].map((bytes): [string, string] => ["a packet a server must not send to us", bytes]),
	["a server's PINGREQ", "c0 00"],
	["a server's DISCONNECT", "e0 00"],
	...["21 02 0000", "41 02 0001", "42 02 0001", "91 03 0001 00", "92 03 0001 00", "d1 00", "d8 00"].map(
		(bytes): [string, string] => ["2.2.2 flags", bytes],
	),
	["3.3.1.2 QoS 2", "34 06 0001 61 0001 00"],
	["3.3.1.2 QoS 3", "36 06 0001 61 0001 00"],
	["3.3.1.1 DUP with QoS 0", "38 03 0001 61"],
	["2.2.3 remaining length of five bytes", "30 8080808001"],
	["3.2 CONNACK of one byte", "20 01 00"],
	["3.2 CONNACK without a body", "20 00"],
	["3.2 CONNACK with a byte too many", "20 03 000000"],
	["3.2.2.1 CONNACK with reserved flags", "20 02 02 00"],
	["3.3 PUBLISH without a topic", "30 00"],
	["3.3 PUBLISH with half a topic length", "30 01 00"],
	["3.3 PUBLISH with a topic longer than the packet", "30 04 0003 6162"],
	["3.3 PUBLISH with an empty topic", "30 03 0000 61"],
	["3.3.2.1 PUBLISH to a wildcard", "30 03 0001 23"],
	["3.3.2.1 PUBLISH to a wildcard", "30 05 0003 612f2b"],
	["1.5.3 topic with U+0000", "30 04 0002 6100"],
	["1.5.3 topic that is not UTF-8", "30 03 0001 ff"],
	["1.5.3 topic with an overlong form", "30 04 0002 c080"],
	["1.5.3 topic with a surrogate", "30 05 0003 eda080"],
	["2.3.1 PUBLISH QoS 1 with packet id 0", "32 05 0001 61 0000"],
	["2.3.1 PUBLISH QoS 1 without a packet id", "32 03 0001 61"],
	["2.3.1 PUBLISH QoS 1 with half a packet id", "32 04 0001 61 00"],
	["3.4 PUBACK of packet id 0", "40 02 0000"],
	["3.4 PUBACK of one byte", "40 01 00"],
	["3.4 PUBACK of three bytes (MQTT 5)", "40 03 0001 00"],
	["3.9 SUBACK without a return code", "90 02 0001"],
	["3.9 SUBACK without a body", "90 00"],
	["3.9.3 SUBACK with a reserved return code", "90 03 0001 03"],
	["3.13 PINGRESP with a body", "d0 01 00"],
];

describe("over Node's Buffer", () => check(() => onNode));

describe("over the device's stand-ins", () => {
	let folder: string;
	let bundled: Codec;
	before(async () => {
		folder = await mkdtemp(join(tmpdir(), "enrollee-"));
		bundled = await import(pathToFileURL(await bundle(folder)).href);
	});
	after(() => rm(folder, { recursive: true }));
	check(() => bundled);

	test("the bundle imports nothing", async () => {
		const { readFile } = await import("node:fs/promises");
		assert.doesNotMatch(await readFile(join(folder, "packet.mjs"), "utf8"), /^import\b|\brequire\(/m);
	});
});

function check(codec: () => Codec): void {
	const read = (bytes: Uint8Array, maxBytes = 1000) => [...new (codec().PacketReader)(maxBytes).push(bytes)];

	for (const [section, packet, bytes] of CLIENT)
		test(`${section}: is encoded so`, () => assert.equal(hex(codec().encode(packet)), bytes.replaceAll(" ", "")));

	for (const [section, bytes, packet] of SERVER)
		test(`${section}: is read so`, () => assert.deepEqual(read(spaced(bytes)), [packet]));

	for (const [why, bytes] of REFUSED)
		test(`${why}: ${bytes} is refused`, () => assert.throws(() => read(spaced(bytes)), { code: "mqtt.protocol" }));

	test("all packets in one stream, split in two at every byte, and byte by byte", () => {
		const stream = concat(...SERVER.map(([, bytes]) => spaced(bytes)));
		const packets = SERVER.map(([, , packet]) => packet);
		for (let at = 0; at <= stream.length; at++) {
			const reader = new (codec().PacketReader)(1000);
			assert.deepEqual([...reader.push(stream.subarray(0, at)), ...reader.push(stream.subarray(at))], packets);
		}
		const reader = new (codec().PacketReader)(1000);
		assert.deepEqual(
			[...stream].flatMap((byte) => [...reader.push(Uint8Array.of(byte))]),
			packets,
		);
	});

	test("payloads of every length around the borders of the length field, and what it costs to send them", () => {
		for (const length of [0, 1, 122, 123, 124, 16377, 16378, 16379, 70_000]) {
			const payload = random(length).bytes(length);
			const bytes = codec().encode({ type: "publish", topic: "t/é", payload, qos: 1, id: 7 });
			assert.deepEqual(read(bytes, 80_000), [{ type: "publish", topic: "t/é", payload, qos: 1, id: 7 }]);
		}
	});

	test("a payload does not change when the caller's bytes do", () => {
		const bytes = spaced("30 05 0001 61 6869");
		const [packet] = read(bytes);
		bytes.fill(0);
		assert.deepEqual(packet, publish("a", "hi", 0, 0));
	});

	test("a packet of exactly the limit passes, one byte more is refused by its header alone", () => {
		const limit = 200;
		const exact = codec().encode({ type: "publish", topic: "t", payload: new Uint8Array(194), qos: 0, id: 0 });
		assert.equal(exact.length, limit);
		assert.equal(read(exact, limit).length, 1);
		// 198 bytes follow: 201 in all. Nothing of them has come yet.
		assert.throws(() => read(spaced("30 c601"), limit), { code: "mqtt.too-large" });
		assert.throws(() => read(spaced("30 ffffff7f"), limit), { code: "mqtt.too-large" });
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

function publish(topic: string, payload: string, qos: onNode.QoS, id: number): onNode.Publish {
	return { type: "publish", topic, payload: utf8(payload), qos, id };
}

function spaced(text: string): Uint8Array {
	return fromHex(text.replaceAll(" ", ""));
}

/** As the device build does it, for the one room. */
async function bundle(folder: string): Promise<string> {
	const build = await rollup({
		input: "src/mqtt/packet.ts",
		plugins: [
			mqttPacketShims(),
			resolve({ preferBuiltins: false }),
			commonjs(),
			{
				name: "typescript",
				transform: (code, id) =>
					id.endsWith(".ts")
						? ts.transpileModule(code, {
								compilerOptions: {
									target: ts.ScriptTarget.ES2022,
									module: ts.ModuleKind.ESNext,
									verbatimModuleSyntax: true,
								},
							}).outputText
						: null,
			},
		],
	});
	const file = join(folder, "packet.mjs");
	await build.write({ file, format: "es" });
	return file;
}
