/** What a client may send to the cloud's ports, and what must come of it. */
import { generate } from "mqtt-packet";
import { bytes, publish, raw, remaining, times } from "../support/hostile/row.ts";
import { dpsRows } from "./hostile-dps-rows.ts";
import { httpRows } from "./hostile-http-rows.ts";
import { hubMoreRows } from "./hostile-hub-rows.ts";
import { ARRAYS, DEEP, frame, from, head, MANY, post, type Row, renewal, reported } from "./hostile-row.ts";

const csr = (length: number): string =>
	JSON.stringify({ id: "dev-002", csr: Buffer.alloc(length, 0x31).toString("base64") });

export const rows = (): Row[] => [
	...from("tcp", [
		["HTTP in clear", head("GET / HTTP/1.1"), "ends"],
		["zeros", new Uint8Array(70_000), "ends"],
		["a record of 65,535 bytes", Buffer.concat([Buffer.of(22, 3, 1, 255, 255), Buffer.alloc(65_535)]), "ends"],
		[
			"a ClientHello that announces 16 MB",
			Buffer.concat([Buffer.of(22, 3, 1, 64, 0, 1, 255, 255, 255), Buffer.alloc(16_380)]),
			"ends",
		],
		["an alert", Buffer.of(21, 3, 3, 0, 2, 2, 40), "ends"],
	]),
	{
		door: "tcp",
		name: "200 half a ClientHello",
		bytes: Buffer.of(22, 3, 1, 2, 0, 1, 0, 1),
		connections: 200,
		outcome: "waits",
	},
	...from("tls", [
		["zeros", new Uint8Array(64), "ends"],
		["ones", Buffer.alloc(2000, 0xff), "ends"],
		["a PUBLISH before CONNECT", publish("a", "b"), "ends"],
		["a CONNECT of 268 MB", Buffer.concat([Buffer.of(0x10, 0xff, 0xff, 0xff, 0x7f), Buffer.alloc(2_000_000)]), "ends"],
		["a length of five bytes", Buffer.of(0x10, 0xff, 0xff, 0xff, 0xff, 0x7f), "ends"],
		["a CONNECT without a body", Buffer.of(0x10, 0), "ends"],
		["a CONNECT of another protocol", Buffer.of(0x10, 8, 0, 4, 65, 65, 65, 65, 4, 0), "ends"],
		["a client id of 60 KB", connect("c".repeat(60_000)), "ends"],
		["a user name of 60 KB", connect("dev-002", "u".repeat(60_000)), "ends"],
		["a target that is no address", head("GET http://[/ HTTP/1.1", "Connection: close"), "400 ends"],
		["a folder above the updates", head("GET /updates/../x HTTP/1.1", "Connection: close"), "404 ends"],
		["a folder among the updates", head("GET /updates/folder HTTP/1.1", "Connection: close"), "404 ends"],
		["a head of 100 KB", head("GET / HTTP/1.1", `X: ${"x".repeat(100_000)}`), "431 ends"],
		["5,000 fields", head("GET / HTTP/1.1", ...times(5000, (i) => `X${i}: 1`)), "431 ends"],
		["a length that is none", head("PUT / HTTP/1.1", "Content-Length: -1"), "400 ends"],
		["chunks that are none", `${head("PUT / HTTP/1.1", "Transfer-Encoding: chunked")}zz\r\n`, "404 ends"],
	]),
	...from("hub", [
		["a second CONNECT", connect("dev-002"), "ends"],
		["a packet of an unknown kind", Buffer.of(0xf0, 0), "ends"],
		["a PUBLISH of 268 MB", Buffer.concat([Buffer.of(0x30, 0xff, 0xff, 0xff, 0x7f), Buffer.alloc(2_000_000)]), "ends"],
		["a message of 300 KB", publish("devices/dev-002/messages/events/", Buffer.alloc(300_000), 1), "ends"],
		["a topic of 60 KB", publish("t".repeat(60_000), "{}", 1), "ends"],
		["a topic with a wildcard", raw(0x30, bytes("a/#"), bytes("{}")), "ends"],
		["a topic that is no UTF-8", raw(0x30, Buffer.alloc(40, 0xff), bytes("{}")), "ends"],
		["a topic longer than its packet", Buffer.of(0x30, 4, 0xff, 0xff, 1, 1), "ends"],
		["QoS 3", raw(0x36, bytes("a"), Buffer.of(0, 1)), "ends"],
		["packet id 0", raw(0x32, bytes("a"), Buffer.of(0, 0)), "ends"],
		["SUBSCRIBE without a filter", Buffer.of(0x82, 2, 0, 1), "ends"],
		["SUBSCRIBE that is cut", Buffer.of(0x82, 5, 0, 1, 0, 9, 65), "ends"],
		["100 filters", subscribe(100), "suback open"],
		["101 filters", subscribe(101), "ends"],
		["UNSUBSCRIBE without a filter", Buffer.of(0xa2, 2, 0, 1), "unsuback open"],
		["100 filters fewer", unsubscribe(100), "unsuback open"],
		["101 filters fewer", unsubscribe(101), "ends"],
		["PUBACK for nobody", Buffer.of(0x40, 2, 9, 9), "open"],
		["PUBREL", Buffer.of(0x62, 2, 0, 1), "ends"],
		["a CONNACK", Buffer.of(0x20, 2, 0, 0), "ends"],
		["10,000 pings", Buffer.concat(times(10_000, () => Buffer.of(0xc0, 0))), "open"],
		[
			"3,000 messages without a pause",
			Buffer.concat(times(3000, (i) => publish("devices/dev-002/messages/events/", "{}", i + 1))),
			"puback open",
		],
		["a reported twin of 5,400 levels", reported(DEEP), "400 open"],
		["one of 5,400 arrays", reported(ARRAYS), "400 open"],
		["one of 20,000 members", reported(MANY(20_000)), "ends"],
		["one that is no JSON", reported("}".repeat(4000)), "400 open"],
		["an answer to no call", publish("$iothub/methods/res/200/?$rid=none", DEEP), "open"],
		["an answer without a status", publish("$iothub/methods/res//?", "{}"), "ends"],
		["a renewal of 5,400 levels", renewal(DEEP), "400 puback open"],
		["a renewal with a CSR of 9 KB", renewal(csr(9000)), "400 puback open"],
		["a renewal with a CSR of 90 KB", renewal(csr(90_000)), "400 puback open"],
	]),
	...from("websocket", [
		["a frame of 2^63 bytes", frame(0x82, [0xff, 0x80, 0, 0, 0, 0, 0, 0, 0]), "ends"],
		["a frame without a mask", Buffer.of(0x82, 2, 0xc0, 0), "ends"],
		["an unknown opcode", frame(0x83, [0x80]), "ends"],
		["reserved bits", frame(0xf2, [0x80]), "ends"],
		["a ping of 126 bytes", frame(0x89, [0xfe, 0, 126], Buffer.alloc(126)), "ends"],
		["a text", frame(0x81, [0x82], bytes("{}")), "ends"],
		["a continuation of nothing", frame(0x80, [0x80]), "ends"],
		["MQTT that is none", frame(0x82, [0x82], Buffer.of(0xf0, 0)), "ends"],
	]),
	...from("api", [
		["a target that is no address", head("GET http://[/ HTTP/1.1", "Connection: close"), "400 ends"],
		["nobody's token", head("GET /cloud HTTP/1.1", "Authorization: Bearer x", "Connection: close"), "401 ends"],
		["a head of 100 KB", head("GET / HTTP/1.1", `X: ${"x".repeat(100_000)}`), "431 ends"],
		["5,400 levels", post("POST /devices HTTP/1.1", DEEP, "TOKEN", "Connection: close"), "400 ends"],
		["20,000 members", post("POST /devices HTTP/1.1", MANY(20_000), "TOKEN", "Connection: close"), "400 ends"],
		["no JSON", post("POST /devices HTTP/1.1", "}".repeat(4000), "TOKEN", "Connection: close"), "400 ends"],
		["a body of 8 MB", post("POST /devices HTTP/1.1", " ".repeat(8_000_000), "TOKEN", "Connection: close"), "413 ends"],
	]),
	...httpRows(),
	...hubMoreRows(),
	...dpsRows(),
];

function connect(clientId: string, username = "localhost/dev-002/?api-version=2021-04-12"): Uint8Array {
	return generate({
		cmd: "connect",
		protocolId: "MQTT",
		protocolVersion: 4,
		clientId,
		username,
		clean: true,
		keepalive: 60,
	});
}

function subscribe(count: number): Uint8Array {
	const filters = times(count, (i) =>
		Buffer.concat([Buffer.of(0, 6), Buffer.from(`f${String(i).padStart(5, "0")}`), Buffer.of(0)]),
	);
	const body = Buffer.concat([Buffer.of(0, 1), ...filters]);
	return Buffer.concat([Buffer.of(0x82), remaining(body.length), body]);
}

const unsubscribe = (count: number): Uint8Array =>
	generate({ cmd: "unsubscribe", messageId: 9, unsubscriptions: times(count, (i) => `f${i}`) });
