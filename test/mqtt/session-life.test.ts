/** src/mqtt/session.ts: messages, keep alive, the end, and brokers that misbehave. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { generate, type Packet } from "mqtt-packet";
import { utf8 } from "../../src/base/bytes.ts";
import { Fault } from "../../src/fault.ts";
import { CONNACK, open, opened } from "./session-probe.ts";

test("messages arrive; QoS 1 is acknowledged after the application has seen it", () => {
	const { receive, seen } = opened();
	receive({ cmd: "publish", topic: "t", payload: "abc", qos: 0, dup: false, retain: false });
	receive({ cmd: "publish", topic: "u", payload: "", qos: 1, messageId: 77, dup: true, retain: true });
	assert.deepEqual(seen(), ["message t 3", "message u 0", "> puback 77"]);
});

test("closed by the application within a message: that message is acknowledged, the next one is not", () => {
	const { session, seen } = opened({}, (report, session) => report.startsWith("message") && session.close(0));
	const message = (messageId: number) =>
		generate({ cmd: "publish", topic: "t", payload: "", qos: 1, messageId, dup: false, retain: false });
	session.receive(Buffer.concat([message(5), message(6)]), 0);
	session.receive(message(7), 0);
	session.finish();
	assert.deepEqual(seen(), ["message t 0", "> puback 5", "> disconnect", "> end", "close undefined"]);
});

test("a clean end: DISCONNECT, pending operations fail with mqtt.closed, then onClose without a fault, once", () => {
	const { session, done, seen } = opened();
	session.publish("t", utf8("x"), 1, done("publish"), 0);
	session.publish("t", utf8("x"), 0, done("at most once"), 0);
	session.close(0);
	session.close(0);
	assert.deepEqual(seen(), ["> publish 1", "> publish", "> disconnect", "> end"]);
	session.finish();
	session.finish();
	assert.deepEqual(seen(), ["at most once done", "publish mqtt.closed", "close undefined"]);
});

test("closed before the CONNACK: no DISCONNECT, no fault", () => {
	for (const started of [false, true]) {
		const { session, receive, seen } = open();
		if (started) session.start(0);
		session.close(0);
		session.start(0);
		receive(CONNACK);
		session.finish();
		assert.deepEqual(seen(), [...(started ? ["> connect"] : []), "> end", "close undefined"]);
	}
});

test("the broker closing in an orderly way is still mqtt.closed; a fault of the wire stays itself", () => {
	for (const fault of [undefined, new Fault("wire.closed", "reset"), new Fault("tls.rejected", "alert")]) {
		const { session, done, seen, faults } = opened();
		session.subscribe("a", done("subscribe"), 0);
		seen();
		session.finish(fault);
		const code = fault?.code ?? "mqtt.closed";
		assert.deepEqual(seen(), ["subscribe mqtt.closed", `close ${code}`]);
		assert.equal(faults[0]?.cause, faults[1]);
	}
});

for (const [misbehaviour, packets] of [
	["answers before CONNACK", [{ cmd: "pingresp" }]],
	["publishes before CONNACK", [{ cmd: "publish", topic: "t", payload: "", qos: 0, dup: false, retain: false }]],
	["accepts twice", [CONNACK, CONNACK]],
	["acknowledges what was never published", [CONNACK, { cmd: "puback", messageId: 9 }]],
	["acknowledges a subscription that was never asked for", [CONNACK, { cmd: "suback", messageId: 9, granted: [1] }]],
	["answers a PINGREQ that was never sent", [CONNACK, { cmd: "pingresp" }]],
	[
		"speaks QoS 2",
		[CONNACK, { cmd: "publish", topic: "t", payload: "", qos: 2, messageId: 1, dup: false, retain: false }],
	],
	["sends a client's packet", [CONNACK, { cmd: "pingreq" }]],
] as [string, Packet[]][])
	test(`a broker that ${misbehaviour} is cut off: mqtt.protocol`, () => {
		const { session, seen } = open();
		session.start(0);
		session.receive(Buffer.concat([...packets.map((packet) => generate(packet)), generate({ cmd: "pingresp" })]), 0);
		session.finish();
		assert.deepEqual(
			seen().filter((report) => !/> connect|open/.test(report)),
			["> end", "close mqtt.protocol"],
		);
	});

test("an acknowledgement of the wrong kind, or twice, or with two codes is mqtt.protocol", () => {
	for (const packets of [
		[{ cmd: "puback", messageId: 1 }],
		[{ cmd: "suback", messageId: 1, granted: [1, 1] }],
		[
			{ cmd: "suback", messageId: 1, granted: [1] },
			{ cmd: "suback", messageId: 1, granted: [1] },
		],
	] as Packet[][]) {
		const { session, receive, done, seen } = opened();
		session.subscribe("a", done("subscribe"), 0);
		for (const packet of packets) receive(packet);
		session.finish();
		assert.equal(seen().at(-1), "close mqtt.protocol");
	}
});

test("a message over the limit is consumed, acknowledged and told; the session goes on", () => {
	const { session, seen } = opened();
	const publish = (qos: 0 | 1, payload: string): Buffer =>
		generate({ cmd: "publish", topic: "t", payload, qos, dup: false, retain: false, messageId: 9 });
	const bytes = Buffer.concat([
		publish(0, "x"),
		publish(1, "x".repeat(2000)),
		publish(0, "x".repeat(3000)),
		publish(0, "yz"),
	]);
	for (let at = 0; at < bytes.length; at += 100) session.receive(bytes.subarray(at, at + 100), 0);
	assert.deepEqual(seen(), [
		"message t 1",
		"large t 2005",
		"end 2000",
		"> puback 9",
		"large t 3003",
		"end 3000",
		"message t 2",
	]);
});

test("of a message in parts the session says how much of it is still to come, whatever is behind", () => {
	const { session } = opened();
	const payload = "x".repeat(2000);
	const large = generate({ cmd: "publish", topic: "t", payload, qos: 0, dup: false, retain: false });
	const bytes = Buffer.concat([large, large]);
	const wanted: number[] = [];
	for (let at = 0; at < bytes.length; ) {
		const next = Math.min(session.wanted || 300, 300);
		session.receive(bytes.subarray(at, at + next), 0);
		at += next;
		wanted.push(session.wanted);
	}
	const [head, of] = [large.length - 2000, [300, 600, 900, 1200, 1500, 1800]];
	const once = [...of.map((taken) => head + 2000 - taken), 0];
	assert.deepEqual(wanted, [...once, ...once]);
});

test("no sink: a message over the limit goes nowhere, and is acknowledged all the same", () => {
	const { session, seen } = opened({}, undefined, false);
	session.receive(
		generate({
			cmd: "publish",
			topic: "t",
			payload: "x".repeat(2000),
			qos: 1,
			dup: false,
			retain: false,
			messageId: 9,
		}),
		0,
	);
	assert.deepEqual(seen(), ["> puback 9"]);
});

test("another packet over the limit is mqtt.too-large; what came whole before it in the same bytes still counts", () => {
	const { session, seen } = opened();
	const publish = generate({ cmd: "publish", topic: "t", payload: "x", qos: 0, dup: false, retain: false });
	session.receive(Buffer.concat([publish, Buffer.from([0x90, 0xff, 0x7f])]), 0);
	session.finish();
	assert.deepEqual(seen(), ["message t 1", "> end", "close mqtt.too-large"]);
});

test("keepalive: a ping after silence in either direction, and the end when it is not answered", () => {
	const { session, receive, done, seen } = opened();
	assert.equal(session.deadline, 240_000);
	// We speak, the broker does not.
	session.publish("t", utf8("x"), 0, done("publish"), 100_000);
	session.tick(100_000);
	seen();
	assert.equal(session.deadline, 240_000);
	session.tick(239_999);
	assert.deepEqual(seen(), []);
	session.tick(240_000);
	assert.deepEqual(seen(), ["> pingreq"]);
	assert.equal(session.deadline, 270_000);
	receive({ cmd: "pingresp" }, 250_000);
	assert.equal(session.deadline, 480_000);
	// The broker speaks, we do not.
	receive({ cmd: "publish", topic: "t", payload: "", qos: 0, dup: false, retain: false }, 400_000);
	assert.equal(session.deadline, 480_000);
	session.tick(480_000);
	session.tick(509_999);
	assert.deepEqual(seen(), ["message t 0", "> pingreq"]);
	session.tick(510_000);
	session.finish();
	assert.deepEqual(seen(), ["> end", "close mqtt.timeout"]);
});

test("keepalive 0 never pings", () => {
	const { session, seen } = opened({ keepAliveSeconds: 0 });
	assert.equal(session.deadline, undefined);
	session.tick(1e12);
	assert.deepEqual(seen(), []);
});

test("the application may publish from within every callback", () => {
	const { session, receive, seen } = open({}, (report, session) => {
		if (report === "open false") session.subscribe("a", () => session.publish("b", utf8("1"), 1, () => {}, 0), 0);
		if (report.startsWith("message")) session.publish("c", utf8("2"), 1, () => {}, 0);
	});
	session.start(0);
	session.receive(Buffer.concat([generate(CONNACK), generate({ cmd: "suback", messageId: 1, granted: [1] })]), 0);
	receive({ cmd: "publish", topic: "a", payload: "", qos: 1, messageId: 3, dup: false, retain: false });
	assert.deepEqual(seen(), [
		"> connect",
		"open false",
		"> subscribe 1",
		"> publish 2",
		"message a 0",
		"> publish 3",
		"> puback 3",
	]);
});
