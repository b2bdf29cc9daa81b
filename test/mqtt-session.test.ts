/** src/mqtt/session.ts alone: bytes and times in, bytes and deadlines out. The broker's bytes come from mqtt-packet. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { generate, type Packet, parser } from "mqtt-packet";
import { utf8 } from "../src/bytes.ts";
import type { Fault } from "../src/fault.ts";
import { Session, type SessionOptions } from "../src/mqtt/session.ts";

const OPTIONS: SessionOptions = {
	clientId: "dev-001",
	username: "hub/dev-001",
	clean: true,
	keepAliveSeconds: 240,
	maxPacketBytes: 1000,
	timeoutSeconds: 30,
};

const CONNACK: Packet = { cmd: "connack", returnCode: 0, sessionPresent: false };

/** A session, what it wrote and what it reported, in order. */
function open(options: Partial<SessionOptions> = {}, react: (report: string, session: Session) => void = () => {}) {
	const reports: string[] = [];
	const report = (text: string): void => {
		reports.push(text);
		react(text, session);
	};
	const faults: (Fault | undefined)[] = [];
	const session: Session = new Session(
		{ ...OPTIONS, ...options },
		{
			onOpen: (present) => report(`open ${present}`),
			onMessage: (topic, payload) => report(`message ${topic} ${payload.length}`),
			onClose: (fault) => {
				faults.push(fault);
				report(`close ${fault?.code}`);
			},
		},
		{
			write: (bytes) =>
				parser({ protocolVersion: 4 })
					.on("packet", ({ cmd, messageId }) => report(`> ${cmd}${messageId ? ` ${messageId}` : ""}`))
					.parse(Buffer.from(bytes)),
			close: () => report("> end"),
		},
	);
	return {
		session,
		faults,
		done: (name: string) => (fault?: Fault) => {
			faults.push(fault);
			report(`${name} ${fault?.code ?? "done"}`);
		},
		receive: (packet: Packet, now = 0) => session.receive(generate(packet), now),
		/** What was reported since the last look. */
		seen: () => reports.splice(0),
	};
}

/** One that has its CONNACK, at time 0. */
function opened(options: Partial<SessionOptions> = {}, react?: (report: string, session: Session) => void) {
	const all = open(options, react);
	all.session.start(0);
	all.receive(CONNACK);
	assert.deepEqual(all.seen(), ["> connect", "open false"]);
	return all;
}

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

test("the broker closing in an orderly way is still mqtt.closed; a fault of the wire stays itself", async () => {
	const { Fault } = await import("../src/fault.ts");
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

test("a packet over the limit is mqtt.too-large; what came whole before it in the same bytes still counts", () => {
	const { session, seen } = opened();
	const publish = (payload: string) =>
		generate({ cmd: "publish", topic: "t", payload, qos: 0, dup: false, retain: false });
	session.receive(Buffer.concat([publish("x"), publish("x".repeat(2000))]), 0);
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
