/** What is kept of strangers is bounded by what it takes, not by its characters: `{}` is two, and takes 56 bytes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CloudEvent, Happening } from "../../cloud/event.ts";
import { Listeners } from "../../cloud/listeners.ts";
import { Log } from "../../cloud/log.ts";
import { createWatch } from "../../cloud/watch.ts";
import { FakeClock } from "../support/clock.ts";
import { bytesInUse } from "./in-use.ts";
import { connectDps, dial, publish, world } from "./socketless-world.ts";

const MB = 1024 * 1024;
const objects = (count: number) => Array.from({ length: count }, () => ({}));
const register = (payload: unknown): Happening => ({ event: "register", deviceId: "d", apiVersion: "x", payload });
const telemetry = (properties: Record<string, null>): Happening => ({
	event: "telemetry",
	deviceId: "d",
	body: new Uint8Array(),
	properties,
	qos: 0,
});

/** Each about as large as a message may be, and the least that one of it takes on V8's heap. */
const LARGE: [string, Happening, number][] = [
	["empty objects", register(objects(85_000)), 85_000 * 56],
	["empty objects as members", register(Object.fromEntries(objects(20_000).entries())), 20_000 * 72],
	["empty arrays", register(Array.from({ length: 85_000 }, () => [])), 85_000 * 40],
	["an object in an object", register(Array.from({ length: 60 }, () => ({ a: objects(1_000) }))), 60_000 * 56],
	["two-byte characters", register("中".repeat(85_000)), 170_000],
	["names", telemetry(Object.fromEntries(Array.from({ length: 16_000 }, (_, i) => [`n${i}`, null]))), 16_000 * 36],
];

test("32 MB of events are no more than 32 MB", () => {
	for (const [what, happening, least] of LARGE) {
		const watch = createWatch(new FakeClock(0));
		for (let i = 0; i < 500; i++) watch.witness(happening);
		const kept = watch.events.length;
		assert.ok(kept * least <= 32 * MB, `${what}: ${kept} of ${least} bytes`);
		assert.ok(kept * least >= 4 * MB, `${what}: ${kept} of ${least} bytes are too few`);
	}
});

test("the log keeps 8 MB of events, 450 to 500 of the usual ones, the newest", () => {
	for (const [what, happening, least] of LARGE) {
		const events = new Listeners<CloudEvent>();
		const log = new Log(new FakeClock(0), events);
		for (let i = 0; i < 600; i++) events.tell({ time: 0, ...happening });
		assert.ok(log.entries.length * least <= 8 * MB, `${what}: ${log.entries.length}`);
		const ids = Array.from({ length: 1_600 }, (_, i) => `${i}`);
		for (const [i, deviceId] of ids.entries()) {
			events.tell({ time: 0, event: "twin-get", deviceId });
			if (i < 600) continue;
			const kept = log.entries.map((entry) => entry.deviceId);
			assert.ok(kept.length >= 450 && kept.length <= 500, `${kept.length}`);
			assert.deepEqual(kept, ids.slice(i + 1 - kept.length, i + 1));
		}
	}
});

test("DPS keeps 32 MB of payloads; a registration whose payload has gone is answered all the same", () => {
	const { service, clock } = world();
	const payload = objects(25_000);
	const text = JSON.stringify({ payload });
	const clients = Array.from({ length: 40 }, (_, i) => {
		const client = dial(service);
		client.send(connectDps(clock, `dev-${i}`));
		client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "$dps/registrations/res/#", qos: 1 }] });
		client.send(publish("$dps/registrations/PUT/iotdps-register/?$rid=1", text));
		return client;
	});
	const answered = clients.map((client) => JSON.parse(String(client.publishes()[0]!.payload)));
	for (const { registrationState } of answered) assert.deepEqual(registrationState.payload, payload);
	const again = clients.map((client, i) => {
		const { operationId } = answered[i];
		client.send(publish(`$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=${operationId}`, ""));
		return JSON.parse(String(client.publishes()[1]!.payload));
	});
	for (const [i, answer] of again.entries())
		assert.deepEqual({ ...answer.registrationState, payload }, answered[i].registrationState);
	const kept = again.filter(({ registrationState }) => registrationState.payload !== null);
	assert.ok(kept.length > 5 && kept.length * payload.length * 56 <= 32 * MB, `${kept.length}`);
	assert.deepEqual(kept, again.slice(-kept.length), "the newest");
});

test("of 100 clients at DPS that nobody knows no will is held, and 4 KB of a password", () => {
	const { service, clock } = world();
	const text = `\u0100${"x".repeat(30_000)}`;
	const connect = { ...connectDps(clock), password: Buffer.from(text) };
	const come = () => {
		const client = dial(service);
		client.send({ ...connect, will: { topic: text, payload: Buffer.from("w"), qos: 0, retain: false } });
		client.received.length = 0;
		return client;
	};
	// What the first ones take is V8's.
	const first = Array.from({ length: 100 }, come);
	const before = bytesInUse();
	const clients = Array.from({ length: 100 }, come);
	const held = (bytesInUse() - before) / clients.length;
	assert.ok(held < 40_000, `${held} bytes each`);
	assert.ok([...first, ...clients].every((client) => !client.closed()));
});
