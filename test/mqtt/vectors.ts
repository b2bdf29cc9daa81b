/** MQTT 3.1.1 packets by hand (OASIS, 2014), and the codec as the device has it. */
import { join } from "node:path";
import commonjs from "@rollup/plugin-commonjs";
import resolve from "@rollup/plugin-node-resolve";
import { rollup } from "rollup";
import ts from "typescript";
import { mqttPacketShims } from "../../hw/moddable/shims/rollup.js";
import { fromHex, utf8 } from "../../src/base/bytes.ts";
import type { ClientPacket, Publish, QoS, ServerPacket } from "../../src/mqtt/packet.ts";

/** Hand-made from the sections named; spaces divide the fields. */
export const CLIENT: [section: string, packet: ClientPacket, bytes: string][] = [
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

export const SERVER: [section: string, bytes: string, packet: ServerPacket][] = [
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

export const REFUSED: [why: string, bytes: string][] = [
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

export function publish(topic: string, payload: string, qos: QoS, id: number): Publish {
	return { type: "publish", topic, payload: utf8(payload), qos, id };
}

/** Hexadecimal digits with spaces between the fields. */
export function spaced(text: string): Uint8Array {
	return fromHex(text.replaceAll(" ", ""));
}

/** src/mqtt/packet.ts over the stand-ins, in one file, as the device build makes it; for Node with Node's UTF-8. */
export async function bundle(folder: string, platform: "node" | "moddable"): Promise<string> {
	const build = await rollup({
		input: "src/mqtt/packet.ts",
		external: /^text\//,
		plugins: [
			mqttPacketShims(),
			resolve({ exportConditions: [platform], preferBuiltins: false }),
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
	const file = join(folder, "packet.js");
	await build.write({ file, format: "es" });
	return file;
}
