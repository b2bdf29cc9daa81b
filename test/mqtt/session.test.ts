/** src/mqtt/session.ts: opening, and operations with their answers, deadlines and packet ids. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "../../src/base/bytes.ts";
import { open, opened } from "./session-probe.ts";

test("opens with CONNECT and CONNACK, and tells of a session that the broker kept", () => {
	const { session, receive, seen } = open({ clean: false });
	assert.equal(session.deadline, undefined);
	session.start(1000);
	assert.deepEqual(seen(), ["> connect"]);
	assert.equal(session.deadline, 31_000);
	receive({ cmd: "connack", returnCode: 0, sessionPresent: true }, 1001);
	assert.deepEqual(seen(), ["open true"]);
});

for (const [returnCode, code] of [
	[1, "mqtt.version"],
	[2, "mqtt.client-id"],
	[3, "mqtt.unavailable"],
	[4, "mqtt.credentials"],
	[5, "mqtt.unauthorized"],
	[6, "mqtt.refused"],
	[255, "mqtt.refused"],
] as const)
	test(`CONNACK ${returnCode} is ${code}`, () => {
		const { session, receive, seen, faults } = open();
		session.start(0);
		receive({ cmd: "connack", returnCode, sessionPresent: false });
		session.finish();
		assert.deepEqual(seen(), ["> connect", "> end", `close ${code}`]);
		assert.equal(faults[0]?.retryable, code === "mqtt.unavailable");
	});

test("a CONNACK that never comes is mqtt.timeout", () => {
	const { session, seen } = open();
	session.start(0);
	session.tick(29_999);
	assert.deepEqual(seen(), ["> connect"]);
	session.tick(30_000);
	session.finish();
	assert.deepEqual(seen(), ["> end", "close mqtt.timeout"]);
	assert.equal(session.deadline, undefined);
});

test("an option that cannot be encoded ends the session before a byte of it is sent", () => {
	const { session, seen } = open({ clientId: "x".repeat(70_000) });
	session.start(0);
	session.finish();
	assert.deepEqual(seen(), ["> end", "close mqtt.too-large"]);
});

test("a subscription is done with its SUBACK, whatever QoS was granted", () => {
	for (const granted of [0, 1, 2]) {
		const { session, receive, done, seen } = opened();
		session.subscribe("a/#", done("subscribe"), 0);
		assert.deepEqual(seen(), ["> subscribe 1"]);
		receive({ cmd: "suback", messageId: 1, granted: [granted] });
		assert.deepEqual(seen(), ["subscribe done"]);
	}
});

test("a refused subscription is mqtt.subscribe, and the session goes on", () => {
	const { session, receive, done, seen } = opened();
	session.subscribe("a/#", done("subscribe"), 0);
	receive({ cmd: "suback", messageId: 1, granted: [0x80] });
	session.publish("t", utf8("x"), 1, done("publish"), 0);
	receive({ cmd: "puback", messageId: 2 });
	assert.deepEqual(seen(), ["> subscribe 1", "subscribe mqtt.subscribe", "> publish 2", "publish done"]);
});

test("a QoS 1 publication is done with its own PUBACK, in whatever order they come", () => {
	const { session, receive, done, seen } = opened();
	session.publish("t", utf8("x"), 1, done("first"), 0);
	session.publish("t", utf8("x"), 1, done("second"), 0);
	receive({ cmd: "puback", messageId: 2 });
	receive({ cmd: "puback", messageId: 1 });
	assert.deepEqual(seen(), ["> publish 1", "> publish 2", "second done", "first done"]);
});

test("a QoS 0 publication is done at the next tick, not within the call", () => {
	const { session, done, seen } = opened();
	session.publish("t", utf8("x"), 0, done("publish"), 5);
	assert.deepEqual(seen(), ["> publish"]);
	assert.equal(session.deadline, 0);
	session.tick(5);
	assert.deepEqual(seen(), ["publish done"]);
	assert.equal(session.deadline, 240_000);
});

test("what is asked for outside an open session fails with mqtt.closed, not within the call", () => {
	const { session, done, seen } = open();
	const ask = (): void => {
		session.subscribe("a/#", done("subscribe"), 0);
		session.publish("t", utf8("x"), 1, done("publish"), 0);
		assert.deepEqual(seen(), []);
		session.tick(0);
		assert.deepEqual(seen(), ["subscribe mqtt.closed", "publish mqtt.closed"]);
	};
	ask();
	session.start(0);
	seen();
	ask();
	session.close(0);
	seen();
	ask();
	session.finish();
	seen();
	ask();
});

test("what cannot be sent fails with its own fault and leaves no trace", () => {
	const { session, done, seen } = opened();
	session.publish("a/#", utf8("x"), 1, done("wildcard"), 0);
	session.publish("x".repeat(70_000), utf8("x"), 1, done("long"), 0);
	session.tick(0);
	assert.deepEqual(seen(), ["wildcard mqtt.protocol", "long mqtt.too-large"]);
	assert.equal(session.deadline, 240_000);
});

test("an answer that is late ends the session: mqtt.timeout for the operation, mqtt.closed for the others", () => {
	const { session, done, seen } = opened();
	session.publish("t", utf8("x"), 1, done("first"), 1000);
	session.subscribe("a", done("second"), 2000);
	seen();
	assert.equal(session.deadline, 31_000);
	session.tick(30_999);
	assert.deepEqual(seen(), []);
	session.tick(31_000);
	session.finish();
	assert.deepEqual(seen(), ["> end", "first mqtt.timeout", "second mqtt.closed", "close mqtt.timeout"]);
});

test("packet ids are unique among those in flight, run from 1 to 65535 and are never 0", () => {
	const { session, receive, done, seen } = opened();
	session.subscribe("kept", done("kept"), 0);
	assert.deepEqual(seen(), ["> subscribe 1"]);
	for (let id = 2; id <= 0xffff; id++) {
		session.publish("t", utf8("x"), 1, () => {}, 0);
		receive({ cmd: "puback", messageId: id });
	}
	assert.equal(seen().at(-1), "> publish 65535");
	session.publish("t", utf8("x"), 1, done("after"), 0);
	assert.deepEqual(seen(), ["> publish 2"]);
});

test("no more than 100 operations wait; the next one is mqtt.busy", () => {
	const { session, done, seen } = opened();
	for (let i = 0; i < 100; i++) session.publish("t", utf8("x"), 1, done("publish"), 0);
	seen();
	session.publish("t", utf8("x"), 1, done("publish"), 0);
	session.tick(0);
	assert.deepEqual(seen(), ["publish mqtt.busy"]);
});
