/** MQTT that a device sends once the hub has let it in, CONNECT of anybody, and WebSocket frames. */
import { generate } from "mqtt-packet";
import { bytes, publish, raw, remaining, times } from "../support/hostile/row.ts";
import { frame, from, levels, MANY, type Row, renewal, reported } from "./hostile-row.ts";

/** A packet of that first byte. */
const packet = (first: number, ...body: Uint8Array[]): Uint8Array => {
	const all = Buffer.concat(body);
	return Buffer.concat([Buffer.of(first), remaining(all.length), all]);
};
const text = (value: string | Uint8Array): Uint8Array => {
	const content = Buffer.from(value);
	return Buffer.concat([Buffer.of(content.length >> 8, content.length & 255), content]);
};
const filter = (value: string | Uint8Array, qos = 0): Uint8Array => Buffer.concat([text(value), Buffer.of(qos)]);
const id = (value: number): Uint8Array => Buffer.of(value >> 8, value & 255);
const connect = (flags: number, ...fields: (string | Uint8Array)[]): Uint8Array =>
	packet(0x10, text("MQTT"), Buffer.of(4, flags, 0, 60), ...fields.map(text));
const USER = "localhost/dev-002/?api-version=2021-04-12";
const json = JSON.stringify;

export const hubMoreRows = (): Row[] => [
	...from("hub", [
		["an empty topic", raw(0x30, bytes(""), bytes("{}")), "ends"],
		["a topic with a plus", raw(0x30, bytes("devices/+/messages/events/"), bytes("{}")), "ends"],
		["a topic with a NUL", raw(0x30, bytes("devices/dev-002/messages/events/\0"), bytes("{}")), "open"],
		["a message of another device", publish("devices/dev-001/messages/events/", "{}", 1), "ends"],
		["a duplicate at QoS 0", raw(0x38, bytes("devices/dev-002/messages/events/"), bytes("{}")), "open"],
		["a PUBLISH that is shorter than its id", Buffer.of(0x32, 4, 0, 1, 97, 0), "ends"],
		[
			"one message id 300 times",
			Buffer.concat(times(300, () => publish("devices/dev-002/messages/events/", "{}", 7))),
			"puback open",
		],
		[
			"10,000 properties in a topic",
			publish(`devices/dev-002/messages/events/${times(10_000, (i) => `a${i}`).join("&")}`, "", 1),
			"puback open",
		],
		[
			"properties of every object's own",
			publish("devices/dev-002/messages/events/__proto__=1&constructor=2", "", 1),
			"puback open",
		],
		[
			"properties of percent signs",
			publish(`devices/dev-002/messages/events/${"%".repeat(5000)}=%e0%a4`, "", 1),
			"puback open",
		],
		["SUBSCRIBE with packet id 0", packet(0x82, id(0), filter("a")), "suback open"],
		["SUBSCRIBE with other flags", packet(0x80, id(1), filter("a")), "ends"],
		["SUBSCRIBE at QoS 3", packet(0x82, id(1), filter("a", 3)), "ends"],
		["a filter of nothing", packet(0x82, id(1), filter("")), "suback open"],
		["a filter of everything", packet(0x82, id(1), filter("#")), "suback open"],
		["a filter of everybody's", packet(0x82, id(1), filter("devices/+/messages/devicebound/#")), "suback open"],
		["wildcards within words", packet(0x82, id(1), filter("a#"), filter("a+/b"), filter("#/a")), "suback open"],
		["a filter of 60 KB", packet(0x82, id(1), filter("f".repeat(60_000))), "suback open"],
		["a filter of 30,000 levels", packet(0x82, id(1), filter("/".repeat(30_000))), "suback open"],
		["3,000 subscriptions", Buffer.concat(times(3000, (i) => packet(0x82, id(i + 1), filter(`f${i}`)))), "suback open"],
		["UNSUBSCRIBE of 5,000", packet(0xa2, id(1), ...times(5000, (i) => text(`f${i}`))), "ends"],
		["UNSUBSCRIBE with packet id 0", packet(0xa2, id(0), text("a")), "unsuback open"],
		["a PUBACK of 3 bytes", Buffer.of(0x40, 3, 0, 1, 0), "open"],
		["a PUBACK of 1 byte", Buffer.of(0x40, 1, 0), "open"],
		["a ping with a body", Buffer.of(0xc0, 2, 0, 0), "open"],
		["a SUBACK", Buffer.of(0x90, 3, 0, 1, 0), "ends"],
		["QoS 2", publish2("devices/dev-002/messages/events/"), "ends"],
		["AUTH of MQTT 5", Buffer.of(0xf0, 2, 0, 0), "ends"],
		[
			"5,000 twins asked for",
			Buffer.concat(times(5000, (i) => publish(`$iothub/twin/GET/?$rid=${i}`, ""))),
			"200 open",
		],
		[
			"a twin asked for with a request id of 30 KB",
			publish(`$iothub/twin/GET/?$rid=${"r".repeat(30_000)}`, ""),
			"200 open",
		],
		["a twin asked for without a request id", publish("$iothub/twin/GET/", ""), "200 open"],
		["a reported twin of 10 levels", reported(levels(11)), "204 open"],
		["one of 11 levels", reported(levels(12)), "400 open"],
		["one of 65 levels", reported(levels(65)), "400 open"],
		["one of 2,000 members", reported(MANY(2000)), "204 open"],
		["one of 8,000 members", reported(MANY(8000)), "400 open"],
		["one that is an array", reported("[]"), "400 open"],
		["one that is a text", reported('"a"'), "400 open"],
		["one that is nothing", reported(""), "400 open"],
		["a null in an array", reported('{"a":[null]}'), "400 open"],
		["20,000 nulls", reported(`{${times(20_000, (i) => `"m${i}":null`).join(",")}}`), "ends"],
		["a number beyond doubles", reported('{"a":1e999}'), "400 open"],
		["a number of 20,000 digits", reported(`{"a":${"1".repeat(20_000)}}`), "400 open"],
		["a name of 2 KB", reported(json({ ["n".repeat(2000)]: 1 })), "400 open"],
		["a name with a dollar", reported('{"$version":1}'), "400 open"],
		["members of every object's own", reported('{"__proto__":{"a":1},"constructor":{"prototype":1}}'), "204 open"],
		["a name twice", reported('{"a":1,"a":2}'), "204 open"],
		[
			"a text that is no UTF-8",
			publishRaw(
				"$iothub/twin/PATCH/properties/reported/?$rid=1",
				Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
			),
			"204 open",
		],
		["an answer with a status of 30 digits", publish(`$iothub/methods/res/${"9".repeat(30)}/?$rid=1`, "{}"), "ends"],
		["a renewal without a request id", publish("$iothub/credentials/POST/issueCertificate/", "{}", 7), "puback ends"],
		["a renewal with a CSR that is an array", renewal('{"id":"dev-002","csr":[]}'), "400 puback open"],
		["a renewal with an id that is an object", renewal('{"id":{},"csr":"MAA="}'), "400 puback open"],
		["a renewal with 3,000 members", renewal(MANY(3000)), "400 puback open"],
		[
			"a renewal with a replace that is a number",
			renewal('{"id":"dev-002","csr":"MAA=","replace":12345}'),
			"400 puback open",
		],
		["a renewal with one member more", renewal('{"id":"dev-002","csr":"MAA=","more":1}'), "400 puback open"],
		["a renewal that is empty", renewal(""), "400 puback open"],
		["a renewal that is null", renewal("null"), "400 puback open"],
		["500 renewals", Buffer.concat(times(500, () => renewal('{"id":"dev-002"}'))), "400 puback open"],
	]),
	...from("mqtt", [
		["a will of 60 KB", connect(0b1100_0110, "dev-002", "will", "w".repeat(60_000), USER, "x"), "connack ends"],
		[
			"a CONNECT of 90 KB",
			connect(0b1100_0110, "dev-002", "will", "w".repeat(60_000), USER, "x".repeat(30_000)),
			"ends",
		],
		["a will at QoS 3", connect(0b1101_1110, "dev-002", "will", "w", USER, "x"), "connack ends"],
		["a will without its flag", connect(0b1110_0010, "dev-002", USER, "x"), "ends"],
		["a will for a topic of nothing", connect(0b1100_0110, "dev-002", "", "w", USER, "x"), "connack ends"],
		["a will for everybody", connect(0b1100_0110, "dev-002", "#", "w", USER, "x"), "connack ends"],
		["the reserved flag", connect(0b1100_0011, "dev-002", USER, "x"), "ends"],
		["a password without a user name", connect(0b0100_0010, "dev-002", "x"), "connack ends"],
		["fields that are missing", connect(0b1100_0110, "dev-002"), "ends"],
		["a client id of nothing", connect(0b1000_0010, "", USER), "connack ends"],
		["a client id that is no UTF-8", connect(0b1000_0010, Buffer.alloc(20, 0xff), USER), "connack ends"],
		["a user name of slashes", connect(0b1000_0010, "dev-002", "/".repeat(60_000)), "connack ends"],
		["a user name of question marks", connect(0b1000_0010, "dev-002", `a/b/${"?".repeat(60_000)}`), "connack ends"],
		[
			"a user name of 20,000 parameters",
			connect(0b1000_0010, "dev-002", `a/b/?${"a=&".repeat(20_000)}`),
			"connack ends",
		],
		[
			"a user name without an end",
			connect(0b1000_0010, "dev-002", `a/registrations/b/${"c".repeat(60_000)}`),
			"connack ends",
		],
		[
			"a token of 60 KB",
			connect(0b1100_0010, "dev-002", USER, `SharedAccessSignature ${"sr=a&".repeat(12_000)}`),
			"connack ends",
		],
		[
			"a token that never ends",
			connect(0b1100_0010, "dev-002", USER, "SharedAccessSignature sr=localhost&sig=x&se=1e999"),
			"connack ends",
		],
		[
			"a token of percent signs",
			connect(0b1100_0010, "dev-002", USER, `SharedAccessSignature sr=%&sig=%&se=${"9".repeat(400)}`),
			"connack ends",
		],
		["MQTT 5", packet(0x10, text("MQTT"), Buffer.of(5, 2, 0, 60, 0), text("dev-002")), "connack ends"],
		["MQTT 3.1", packet(0x10, text("MQIsdp"), Buffer.of(3, 2, 0, 60), text("dev-002")), "connack ends"],
	]),
	...from("websocket", [
		["a frame of 300 KB and a byte", frame(0x82, [0xff, 0, 0, 0, 0, 0, 4, 0xb0, 1], Buffer.alloc(307_201)), "ends"],
		["10,000 empty frames", Buffer.concat([frame(0x02, [0x80]), ...times(10_000, () => frame(0x00, [0x80]))]), "ends"],
		[
			"a message in pieces that becomes too large",
			Buffer.concat([frame(0x02, [0x80]), ...times(400, () => frame(0x00, [0xfe, 4, 0], Buffer.alloc(1024)))]),
			"ends",
		],
		[
			"a message in 1,025 pieces",
			Buffer.concat(times(1025, (i) => frame(i === 0 ? 0x02 : 0x00, [0x81], Buffer.of(1)))),
			"ends",
		],
		["a ping in pieces", frame(0x09, [0x80]), "ends"],
		["1,000 pings", Buffer.concat(times(1000, () => frame(0x89, [0xfd], Buffer.alloc(125)))), "ends"],
		["a close of one byte", frame(0x88, [0x81], Buffer.alloc(1)), "ends"],
		["a close with a code that is none", frame(0x88, [0x82], Buffer.of(0, 1)), "ends"],
		["a close with a reason that is no UTF-8", frame(0x88, [0x84], Buffer.of(3, 232, 255, 255)), "ends"],
		["a compressed frame", frame(0xc2, [0x80]), "ends"],
		["a PUBLISH before CONNECT", framed(publish("a", "b")), "ends"],
	]),
];

const framed = (content: Uint8Array): Uint8Array => frame(0x82, [0x80 | content.length], content);
const publish2 = (topic: string): Uint8Array =>
	generate({ cmd: "publish", topic, payload: "{}", qos: 2, messageId: 9, dup: false, retain: false });
const publishRaw = (topic: string, payload: Uint8Array): Uint8Array => publish(topic, payload);
