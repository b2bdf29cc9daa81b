/** Cloud-to-device messages: a topic as IoT Hub writes it, the bound at its edge, spoiled topics. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8, utf8Text } from "../../src/base/bytes.ts";
import { Fault } from "../../src/fault.ts";
import { Intake } from "../../src/hub/intake.ts";
import { MOST_MESSAGE_BYTES } from "../../src/hub/limits.ts";
import { parseMessage } from "../../src/hub/messages.ts";
import { isFault } from "../support/random.ts";
import { survives } from "../support/survives.ts";

const parse = (deviceId: string, topic: string, body: Uint8Array, bytes = 131_072) =>
	parseMessage(deviceId, topic, body, new Intake(bytes, () => 0));

const PREFIX = "devices/dev-001/messages/devicebound/";
const TOPIC = `${PREFIX}%24.to=%2Fdevices%2Fdev-001%2Fmessages%2FdeviceBound&%24.mid=m-1&%24.cid=c-1&%24.ct=text%2Fplain&%24.ce=utf-8&iothub-ack=full&door=open%20wide`;

test("fields of the hub by name, everything else as a property", () => {
	const body = utf8("hello");
	assert.deepEqual(parse("dev-001", TOPIC, body), {
		body,
		messageId: "m-1",
		correlationId: "c-1",
		contentType: "text/plain",
		contentEncoding: "utf-8",
		ack: "full",
		properties: { "$.to": "/devices/dev-001/messages/deviceBound", door: "open wide" },
	});
});

test("without properties, and other devices' and other topics", () => {
	const message = parse("dev-001", PREFIX, utf8(""));
	assert.deepEqual([message?.messageId, message?.ack, message?.properties], [undefined, undefined, {}]);
	assert.equal(parse("dev-002", TOPIC, utf8("")), undefined);
	assert.equal(parse("dev-001", "devices/dev-001/messages/events/", utf8("")), undefined);
	assert.equal(parse("dev-001", "$iothub/twin/res/200/?$rid=1", utf8("")), undefined);
});

test("property bags in every form that the hub's documents or other senders write", () => {
	for (const [bag, properties] of [
		["?prop1&prop2=&prop3=a%20string", { prop1: "", prop2: "", prop3: "a string" }],
		["prop1&prop2=&prop3=a%20string", { prop1: "", prop2: "", prop3: "a string" }],
		["%3Fa=1&b=?", { "?a": "1", b: "?" }],
		["a=1=2&&=x&%3D=%26", { a: "1=2", "": "x", "=": "&" }],
		["a=1+2&b=%C3%BC&t=2019-02-15T13:14:15Z", { a: "1+2", b: "ü", t: "2019-02-15T13:14:15Z" }],
		["?", {}],
	] as const)
		assert.deepEqual(parse("dev-001", PREFIX + bag, utf8(""))?.properties, properties, bag);
	for (const bag of ["a=50%", "%zz=1", "a=%C3"])
		assert.throws(() => parse("dev-001", PREFIX + bag, utf8("")), isFault("hub.response"), bag);
});

test("64 KB of body and properties, and one byte more", () => {
	const properties = "a=%C3%BC"; // three bytes
	assert.ok(parse("d", `devices/d/messages/devicebound/${properties}`, new Uint8Array(MOST_MESSAGE_BYTES - 3)));
	assert.equal(MOST_MESSAGE_BYTES, 65536);
	assert.throws(
		() => parse("d", `devices/d/messages/devicebound/${properties}`, new Uint8Array(MOST_MESSAGE_BYTES - 2)),
		isFault("hub.too-large"),
	);
});

test("more than the device takes, in bytes or in properties", () => {
	assert.ok(parse("dev-001", PREFIX, new Uint8Array(2000), 2000));
	assert.throws(() => parse("dev-001", PREFIX, new Uint8Array(2001), 2000), isFault("hub.too-large"));
	const many = (count: number) => PREFIX + Array.from({ length: count }, (_, i) => `p${i}=1`).join("&");
	assert.equal(Object.keys(parse("dev-001", many(64), utf8(""))!.properties).length, 64);
	assert.throws(() => parse("dev-001", many(65), utf8("")), isFault("hub.too-large"));
	assert.throws(() => parse("dev-001", many(20_000), utf8("")), isFault("hub.too-large"));
});

test("spoiled topics: a message, none, or a Fault", () => {
	const spoiled = (bytes: Uint8Array) => {
		let topic: string;
		try {
			topic = utf8Text(bytes);
		} catch (thrown) {
			throw Fault.of(thrown, "mqtt.protocol");
		}
		return parse("dev-001", topic, utf8("body"));
	};
	const { read, refused } = survives(spoiled, utf8(TOPIC), 2000);
	assert.ok(read > 0 && refused > 0);
});
