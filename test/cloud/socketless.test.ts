/**
 * The local cloud's logic without a socket: a virtual clock, a stand-in authority, bytes by hand; and bytes by chance,
 * which must be answered or end the connection, never throw.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { generate, type IConnectPacket, type Packet, parser } from "mqtt-packet";
import type { Authority, Examined, Issued, IssueRequest } from "../../cloud/authority.ts";
import type { Connection } from "../../cloud/connection.ts";
import { Devices } from "../../cloud/devices.ts";
import { Enrolments } from "../../cloud/enrolments.ts";
import type { Happening } from "../../cloud/event.ts";
import { Faults } from "../../cloud/faults.ts";
import { Service } from "../../cloud/service.ts";
import { Throttle } from "../../cloud/throttle.ts";
import { FakeClock } from "../support/clock.ts";
import { SEED } from "../support/random.ts";
import { sas } from "./cloud-probe.ts";

const KEY = Buffer.alloc(32, 7).toString("base64");
const DAY_MS = 24 * 3600_000;

test("register, connect, and the end of the certificate after 30 virtual days", async () => {
	const { service, clock, happenings } = world();
	const dps = dial(service);
	dps.send(connectDps(clock));
	dps.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "$dps/registrations/res/#", qos: 1 }] });
	dps.send(publish("$dps/registrations/PUT/iotdps-register/?$rid=1", JSON.stringify({ csr: "AAAA" })));
	const answer = JSON.parse(dps.publishes().at(-1)!.payload.toString());
	assert.equal(answer.registrationState.assignedHub, "hub.example");
	assert.deepEqual(answer.registrationState.issuedCertificateChain, ["AQ==", "Ag=="]);

	const hub = dial(service, [Uint8Array.of(1), Uint8Array.of(2)]);
	const { password: _password, ...connect } = connectHub(clock);
	hub.send({ ...connect, keepalive: 0 });
	const connack = hub.received.at(-1)!;
	assert(connack.cmd === "connack" && connack.returnCode === 0);
	await clock.advance(30 * DAY_MS - 1);
	assert(!hub.closed());
	await clock.advance(1);
	assert(hub.closed());
	assert(happenings.some((h) => h.event === "disconnected" && h.reason === "the credential has expired"));
});

test("silence ends a connection after 1.5 times its keepalive, and before CONNECT after 30 s", async () => {
	const { service, clock, happenings } = world();
	const mute = dial(service);
	await clock.advance(30_000);
	assert(mute.closed());
	const idle = dial(service);
	idle.send(connectDps(clock));
	await clock.advance(89_000);
	assert(!idle.closed());
	await clock.advance(2_000);
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

function world() {
	const clock = new FakeClock();
	const happenings: Happening[] = [];
	const devices = new Devices([], () => {});
	devices.at("dev-001", "hub.example");
	const options = {
		clock,
		idScope: "0ne00ABCDEF",
		authority: new StandIn(),
		enrolments: new Enrolments({ individual: { "dev-001": KEY }, groupKey: KEY, disabled: [] }),
		devices,
		faults: new Faults(),
		throttle: new Throttle({}, clock),
		witness: (happening: Happening) => void happenings.push(happening),
		hosts: ["hub.example"],
		port: () => 8883,
		retryAfterSeconds: 3,
		polls: 0,
		validitySeconds: (30 * DAY_MS) / 1000,
		acceptIssued: false,
	};
	return { service: new Service(options), clock, happenings };
}

/** Issues certificates of one byte, and knows them again. */
class StandIn implements Authority {
	readonly roots = [];
	#notAfter = 0;

	issue({ now, validitySeconds }: IssueRequest, done: (issued: Issued) => void): void {
		this.#notAfter = now + validitySeconds * 1000;
		done({ chain: [Uint8Array.of(1), Uint8Array.of(2)], serial: "01", notBefore: now, notAfter: this.#notAfter });
	}

	examine(chain: readonly Uint8Array[], _deviceId: string, now: number): Examined {
		return chain[0]?.[0] === 1 && now <= this.#notAfter
			? { serial: "01", notAfter: this.#notAfter }
			: { refusal: "unknown" };
	}
}

interface Client {
	readonly connection: Connection;
	readonly received: Packet[];
	send(packet: Packet): void;
	raw(bytes: Uint8Array): void;
	closed(): boolean;
	publishes(): { topic: string; payload: string | Buffer }[];
}

function dial(service: Service, chain: Uint8Array[] = []): Client {
	const received: Packet[] = [];
	const reader = parser({ protocolVersion: 4 });
	reader.on("packet", (packet) => received.push(packet));
	let closed = false;
	const connection = service.open(
		{ chain },
		{
			write: (bytes) => void reader.parse(Buffer.from(bytes)),
			close: () => {
				closed = true;
			},
		},
	);
	return {
		connection,
		received,
		send: (packet) => connection.data(generate(packet)),
		raw: (bytes) => connection.data(bytes),
		closed: () => closed,
		publishes: () => received.filter((packet) => packet.cmd === "publish"),
	};
}

function connectDps(clock: FakeClock): IConnectPacket {
	const se = Math.floor(clock.now() / 1000) + 60 * 24 * 3600;
	return {
		cmd: "connect",
		protocolId: "MQTT",
		protocolVersion: 4,
		clientId: "dev-001",
		clean: true,
		keepalive: 60,
		username: "0ne00ABCDEF/registrations/dev-001/api-version=2025-07-01-preview",
		password: Buffer.from(sas("0ne00ABCDEF/registrations/dev-001", KEY, { se })),
	};
}

function connectHub(clock: FakeClock): IConnectPacket {
	const se = Math.floor(clock.now() / 1000) + 60 * 24 * 3600;
	return {
		...connectDps(clock),
		username: "hub.example/dev-001/?api-version=2025-08-01-preview",
		password: Buffer.from(sas("hub.example/devices/dev-001", KEY, { se })),
	};
}

function publish(topic: string, payload: string): Packet {
	return { cmd: "publish", topic, payload, qos: 1, messageId: 7, dup: false, retain: false };
}

function mulberry(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
	};
}
