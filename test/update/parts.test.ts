/** A server whose TLS records are larger than the device can hold is asked for a little at a time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { equal } from "../../src/base/bytes.ts";
import { Fault } from "../../src/fault.ts";
import { fetchBundle } from "../../src/update/download.ts";
import { bundle, manifestOf } from "../support/release.ts";
import type { Link } from "../support/wire.ts";
import { NEW, type Server, scene, send, whole } from "./download-scene.ts";

const PART_BYTES = 1024;
const tooLarge = new Fault("tls.record", "record of 16384 bytes, at most 3072");

/** Who is asked for all of it sends records that break the first connection. */
const large =
	(after: number) =>
	(number: number): Link =>
		number === 0 ? { cutAfterReceived: after, reason: tooLarge } : { pieces: 1460 };

const inParts =
	(resource: Uint8Array, field = "Connection: keep-alive", closes = (_from: number) => false): Server =>
	(socket, request) => {
		const { from, to } = request;
		if (to === undefined) return whole(resource)(socket, request);
		const last = Math.min(to, resource.length - 1);
		const body = resource.subarray(from, last + 1);
		const range = `Content-Range: bytes ${from}-${last}/${resource.length}`;
		send(socket, "206 Partial Content", [range, `Content-Length: ${body.length}`, field], body);
		if (closes(from)) socket.close();
	};

for (const after of [0, 70_000])
	test(`an image of which ${after} bytes have come: the rest over one more connection, 1 KB at a time`, async () => {
		const { attempt, slots, requests, wire, updater } = scene(inParts(NEW), large(after));
		assert.equal(await attempt(), undefined);
		assert.equal(updater.status.state, "staged");
		assert.ok(slots.holds("ota_1", NEW));
		assert.equal(wire.connections, 2);
		const parts = requests.filter(({ to }) => to !== undefined);
		assert.equal(parts.length, Math.ceil((NEW.length - parts[0]!.from) / PART_BYTES));
		for (const { from, to } of parts) assert.equal(to, from + PART_BYTES - 1);
	});

test("a server that ends the connection after each part, as it says, or in between, as it does not say", async () => {
	for (const server of [
		inParts(NEW, "Connection: close", () => true),
		inParts(NEW, "X: y", (from) => from % 5 === 0),
	]) {
		const { attempt, slots } = scene(server, large(250_000));
		assert.equal(await attempt(), undefined);
		assert.ok(slots.holds("ota_1", NEW));
	}
});

test("one that knows no Range, either: the Fault names the record", async () => {
	const { attempt, wire, updater } = scene(whole(NEW), () => ({ cutAfterReceived: 5000, reason: tooLarge }));
	assert.equal((await attempt())?.code, "tls.record");
	assert.equal(wire.connections, 2);
	assert.notEqual(updater.status.state, "staged");
});

test("a bundle, too", async () => {
	const envelope = bundle(manifestOf(NEW, { uri: `https://updates.example.com/${"u".repeat(1500)}` }));
	assert.ok(envelope.length > PART_BYTES);
	const { ports, clock, requests } = scene(inParts(envelope), large(0));
	const outcomes: (Uint8Array | Fault)[] = [];
	fetchBundle(ports, "https://updates.example.com/agent.suit", (result) => outcomes.push(result));
	await clock.until(() => outcomes.length > 0);
	const [result] = outcomes;
	assert.ok(result instanceof Uint8Array && equal(result, envelope), String(result));
	assert.deepEqual(
		requests.map(({ from, to }) => [from, to]),
		[
			[0, 1023],
			[1024, 2047],
		],
	);
});
