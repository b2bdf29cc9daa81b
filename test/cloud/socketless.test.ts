/**
 * The local cloud's logic without a socket: a virtual clock, a stand-in authority, bytes by hand; and bytes by chance,
 * which must be answered or end the connection, never throw.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { generate, type Packet } from "mqtt-packet";
import type { IssueRequest } from "../../cloud/authority.ts";
import { SEED } from "../support/random.ts";
import { connectDps, connectHub, DAY_MS, dial, ISSUED, publish, world } from "./socketless-world.ts";

test("register, and connect with what was issued", () => {
	const { service, clock } = world();
	const dps = dial(service);
	dps.send(connectDps(clock));
	dps.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "$dps/registrations/res/#", qos: 1 }] });
	dps.send(publish("$dps/registrations/PUT/iotdps-register/?$rid=1", JSON.stringify({ csr: "AAAA" })));
	const answer = JSON.parse(dps.publishes().at(-1)!.payload.toString());
	assert.equal(answer.registrationState.assignedHub, "hub.example");
	assert.deepEqual(answer.registrationState.issuedCertificateChain, ["AQ==", "Ag=="]);
	const hub = dial(service, ISSUED);
	const { password: _password, ...connect } = connectHub(clock);
	hub.send(connect);
	assert(hub.received.some((packet) => packet.cmd === "connack" && packet.returnCode === 0));
});

test("a client is attested once DPS has answered its registration, not by CONNECT; at the hub by CONNECT", () => {
	const { service, clock } = world();
	const register = publish("$dps/registrations/PUT/iotdps-register/?$rid=1", "{}");
	const stranger = dial(service);
	stranger.send({ ...connectDps(clock), password: Buffer.from("SharedAccessSignature sr=x&sig=x&se=1") });
	stranger.send(register);
	const dps = dial(service);
	assert.equal(dps.connection.standing, "unknown");
	dps.send(connectDps(clock));
	assert.deepEqual([stranger.connection.standing, dps.connection.standing], ["accepted", "accepted"]);
	dps.send(register);
	assert.deepEqual([stranger.connection.standing, dps.connection.standing], ["accepted", "attested"]);
	const hub = dial(service);
	hub.send(connectHub(clock));
	assert.equal(hub.connection.standing, "attested");
	hub.connection.close("over");
	assert.equal(hub.connection.standing, "unknown");
});

test("a newer connection at DPS ends the older once its registration is answered, and a stranger's none", () => {
	const { service, clock } = world();
	const register = publish("$dps/registrations/PUT/iotdps-register/?$rid=1", "{}");
	const wrong = { password: Buffer.from("SharedAccessSignature sr=x&sig=x&se=1") };
	const [first, stranger, second] = [dial(service), dial(service), dial(service)];
	for (const client of [first, stranger, second]) {
		client.send({ ...connectDps(clock), ...(client === stranger && wrong) });
		assert.deepEqual([first.closed(), stranger.closed()], [false, false]);
		client.send(register);
	}
	assert.deepEqual([first.closed(), stranger.closed(), second.closed()], [true, false, false]);
	second.send(register);
	assert.equal(second.closed(), false);
	const other = dial(service);
	other.send(connectDps(clock, "dev-002"));
	other.send(register);
	assert.deepEqual([second.closed(), other.closed()], [false, false]);
});

test("the connection ends when its certificate or its token does, to the millisecond, and neither connects again", async () => {
	for (const credential of ["x509", "sas"] as const) {
		const { service, clock, happenings, authority } = world();
		const validitySeconds = (30 * DAY_MS) / 1000;
		authority.issue({ now: clock.now(), validitySeconds } as IssueRequest, () => {});
		const { password, ...connect } = connectHub(clock, validitySeconds);
		const offered = { ...connect, keepalive: 0, ...(credential === "sas" && { password: password! }) };
		const chain = credential === "sas" ? [] : ISSUED;
		const hub = dial(service, chain);
		hub.send(offered);
		assert(happenings.some((h) => h.event === "connected" && h.credential === credential));
		await clock.advance(30 * DAY_MS - 1);
		assert(!hub.closed(), credential);
		await clock.advance(1);
		assert(hub.closed(), credential);
		assert(happenings.some((h) => h.event === "disconnected" && h.reason === "the credential has expired"));
		await clock.advance(1);
		const again = dial(service, chain);
		again.send(offered);
		const connack = again.received.at(-1)!;
		assert(connack.cmd === "connack" && connack.returnCode === 5, credential);
	}
});

test("a packet over 300 KB ends the connection with its header, before anything else has come", () => {
	const { service, clock, happenings } = world();
	for (const [length, ends] of [
		[300 * 1024 - 4, false],
		[300 * 1024 - 3, true],
		[0xfffffff, true],
	] as const) {
		const hub = dial(service);
		hub.send(connectHub(clock));
		const header = [0x30, (length & 127) | 128, ((length >> 7) & 127) | 128, (length >> 14) & 127];
		hub.raw(Uint8Array.from(length < 1 << 21 ? header : [0x30, 0xff, 0xff, 0xff, 0x7f]));
		assert.equal(hub.closed(), ends, `${length}`);
	}
	assert(happenings.some((h) => h.event === "disconnected" && h.reason === "packet too large"));
});

test("the largest messages back to back are taken, however their bytes come", () => {
	const { service, clock, happenings } = world();
	const topic = "devices/dev-001/messages/events/";
	const three = Buffer.concat([1, 2, 3].map(() => generate(publish(topic, "x".repeat(256 * 1024)))));
	for (const size of [1460, 16_384, 200_000, 300_000, 307_000]) {
		const hub = dial(service);
		hub.send(connectHub(clock));
		const count = happenings.length;
		for (let at = 0; at < three.length; at += size) hub.raw(three.subarray(at, at + size));
		assert.equal(
			happenings.slice(count).filter(({ event }) => event === "telemetry").length,
			3,
			`in pieces of ${size}`,
		);
	}
});

test("silence ends a connection after 1.5 times its keepalive, and before CONNECT after 30 s", async () => {
	const { service, clock, happenings } = world();
	const mute = dial(service);
	await clock.advance(30_000);
	assert(mute.closed());
	const idle = dial(service);
	idle.send(connectDps(clock));
	await clock.advance(89_999);
	assert(!idle.closed());
	await clock.advance(1);
	assert(idle.closed());
	const patient = dial(service);
	patient.send({ ...connectDps(clock), keepalive: 0xffff });
	await clock.advance(1_766_999);
	assert(!patient.closed());
	await clock.advance(1);
	assert(patient.closed(), "after 1,767 s at most");
	assert(happenings.some((h) => h.event === "disconnected" && h.reason === "keepalive timed out"));
});

test("a will is telemetry, published when the client is lost or silent and not when it disconnects", async () => {
	const { service, clock, happenings } = world();
	const will = { topic: "devices/dev-001/messages/events/", payload: Buffer.from("gone"), qos: 0 as const };
	const connect = { ...connectHub(clock), will };
	const polite = dial(service);
	polite.send(connect);
	polite.send({ cmd: "disconnect" });
	assert(!happenings.some((h) => h.event === "telemetry"));
	const lost = dial(service);
	lost.send(connect);
	lost.connection.lost();
	const wills = () => happenings.filter((h) => h.event === "telemetry");
	assert.equal(wills().length, 1);
	assert.deepEqual(wills()[0]!.properties, { "iothub-MessageType": "Will" });
	const silent = dial(service);
	silent.send({ ...connect, keepalive: 10 });
	await clock.advance(14_999);
	assert.equal(wills().length, 1);
	await clock.advance(1);
	assert(silent.closed());
	assert.equal(wills().length, 2, "at the end of its keepalive");
	const odd = dial(service);
	odd.send({ ...connect, will: { ...will, topic: "elsewhere" } });
	assert(!odd.closed(), "a client whose will is for another topic connects");
	odd.connection.lost();
	assert.equal(wills().length, 2, "and nobody hears it");
});

test("mutated and truncated packets never throw", () => {
	const random = mulberry(SEED);
	const { service, clock } = world();
	const conversations = [
		[
			connectDps(clock),
			{ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "$dps/registrations/res/#", qos: 1 }] },
			publish(
				"$dps/registrations/PUT/iotdps-register/?$rid=1",
				JSON.stringify({ registrationId: "dev-001", csr: "AAAA" }),
			),
			publish("$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=1", ""),
		],
		[
			connectHub(clock),
			{ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "$iothub/credentials/res/#", qos: 1 }] },
			{ cmd: "subscribe", messageId: 2, subscriptions: [{ topic: "$iothub/twin/res/#", qos: 0 }] },
			publish(
				"$iothub/credentials/POST/issueCertificate/?$rid=req-001",
				JSON.stringify({ id: "dev-001", csr: "AAAA" }),
			),
			publish("$iothub/twin/PATCH/properties/reported/?$rid=3", '{"a":{"b":null}}'),
			publish("$iothub/twin/GET/?$rid=4", ""),
			publish("$iothub/methods/res/200/?$rid=1", "{}"),
			publish("devices/dev-001/messages/events/a=b", "x"),
		],
	] as Packet[][];
	for (let round = 0; round < 5000; round++) {
		const packets = conversations[round % 2]!.map((packet) => generate(packet));
		const victim = packets[Math.floor(random() * packets.length)]!;
		for (let flips = Math.floor(random() * 4); flips >= 0; flips--)
			victim[Math.floor(random() * victim.length)]! ^= 1 << Math.floor(random() * 8);
		const bytes = Buffer.concat(packets);
		const client = dial(service);
		try {
			client.raw(bytes.subarray(0, random() < 0.3 ? Math.floor(random() * bytes.length) : bytes.length));
		} catch (error) {
			throw new Error(`SEED=${SEED} round ${round}`, { cause: error });
		}
		client.connection.lost();
	}
});

function mulberry(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
	};
}
