/** Clients that ask and do not read: what waits for them is small, whatever they ask for, and others are served. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { createWatch } from "../../cloud/watch.ts";
import { FakeClock } from "../support/clock.ts";
import { enrol, type Identity, Probe } from "./cloud-probe.ts";
import { UPGRADE } from "./upgrade.ts";

const MB = 1024 * 1024;
/** Of a test that waits for an end that does not come. */
const LIMIT = { timeout: 120_000 };
const LARGE_BYTES = 8 * MB;
const REQUEST = "GET /updates/large HTTP/1.1\r\nHost: localhost\r\n\r\n";
const folder = mkdtempSync(join(tmpdir(), "enrollee-unread-"));
let cloud: Cloud;
let identity: Identity;
before(async () => {
	// In no time: who says nothing more would be ended in a minute, whatever came before.
	const clock = new FakeClock(Date.now());
	cloud = await startCloud({ clock, polls: 0, retryAfterSeconds: 0, updatesFolder: folder });
	identity = await enrol(cloud, "dev-001");
});
after(async () => {
	await cloud.close();
	rmSync(folder, { recursive: true });
});

async function dial(own?: Identity): Promise<TLSSocket> {
	const { port, settings } = cloud;
	const socket = connect({ port, host: "127.0.0.1", ca: settings.ca, servername: "localhost", ...own });
	socket.on("error", () => {});
	await once(socket, "secureConnect");
	return socket;
}

/** Reads one piece and no more. */
async function ask(bytes: string): Promise<TLSSocket> {
	const socket = await dial();
	const came = new Promise<void>((resolve) => socket.once("data", () => resolve(void socket.pause())));
	socket.write(bytes);
	await came;
	return socket;
}

const downloads = (): number => cloud.events.filter(({ event }) => event === "download").length;

test("16 images that nobody reads are not in memory", LIMIT, async () => {
	writeFileSync(join(folder, "large"), new Uint8Array(LARGE_BYTES));
	const { arrayBuffers } = process.memoryUsage();
	const sockets = await Promise.all(Array.from({ length: 16 }, () => ask(REQUEST)));
	const grown = process.memoryUsage().arrayBuffers - arrayBuffers;
	assert.ok(grown < 4 * LARGE_BYTES, `${Math.round(grown / MB)} MB`);
	for (const socket of sockets) socket.destroy();
});

test("a connection may ask one thing after another, more than 16 in all", LIMIT, async () => {
	const socket = await dial();
	for (let i = 0; i < 20; i++) {
		socket.write(REQUEST.replace("large", "none"));
		const [answer] = await once(socket, "data");
		assert.match(String(answer), /^HTTP\/1.1 404 /, `${i}`);
	}
	socket.destroy();
});

test("of requests that wait for no answer 16 are taken, and the connection ends at the next", LIMIT, async () => {
	const socket = await dial();
	socket.pause();
	socket.write(REQUEST.repeat(17));
	await once(socket.resume(), "close");
});

test("of images asked for without waiting one is open at a time", LIMIT, async () => {
	const before = downloads();
	const socket = await ask(REQUEST.repeat(16));
	(await ask(REQUEST)).destroy();
	assert.equal(downloads() - before, 2);
	let bytes = 0;
	socket.on("data", (piece: Buffer) => {
		bytes += piece.length;
		if (bytes > 15 * LARGE_BYTES) socket.emit("all");
	});
	await once(socket.resume(), "all");
	assert.equal(downloads() - before, 17);
	socket.destroy();
});

test(
	"a file that becomes shorter while it is read ends its connection; the next request gets what is there",
	LIMIT,
	async () => {
		writeFileSync(join(folder, "large"), new Uint8Array(LARGE_BYTES));
		const socket = await ask(REQUEST);
		truncateSync(join(folder, "large"), 10);
		let bytes = 0;
		socket.on("data", (piece: Buffer) => {
			bytes += piece.length;
		});
		await once(socket.resume(), "close");
		assert.ok(bytes < LARGE_BYTES, `${bytes} bytes`);
		const again = await dial();
		again.write(REQUEST.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
		let text = "";
		for await (const piece of again) text += piece;
		assert.match(text, /^HTTP\/1.1 200 OK\r\n(.+\r\n)*content-length: 10\r\n/i);
	},
);

test("a device that does not read is asked nothing more until it does", LIMIT, async () => {
	cloud.arm("huge-twin=names:5000");
	const socket = await dial(identity);
	const probe = new Probe(socket);
	const username = `localhost:${cloud.port}/dev-001/?api-version=2021-04-12`;
	assert.equal(await probe.connect({ username, clientId: "dev-001" }), 0);
	await probe.subscribe("$iothub/twin/res/#", 0);
	const answered = (): number => cloud.events.filter(({ event }) => event === "twin-get").length;
	socket.pause();
	for (let i = 0; i < 40; i++) {
		await probe.publish(`$iothub/twin/GET/?$rid=${i}`, "", 0);
		// Each in a turn of its own, as a device would.
		await new Promise((resolve) => setImmediate(resolve));
	}
	(await ask(REQUEST)).destroy();
	assert.ok(answered() < 30, `${answered()} of 40`);
	socket.resume();
	for (let i = 0; i < 40; i++) assert.notEqual(await probe.message(`$iothub/twin/res/200/?$rid=${i}`), "closed");
	assert.equal(answered(), 40);
	cloud.disarm();
	probe.close();
});

for (const [what, pieces] of [
	["a frame of a byte more than 300 KB", [Buffer.of(0x82, 0xff, 0, 0, 0, 0, 0, 4, 0xb0, 1, 0, 0, 0, 0)]],
	["a frame in 1,025 pieces", [Buffer.of(0x82, 0xff, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0), ...ones(1100)]],
	[
		"a message in 1,025 frames",
		[Buffer.of(2, 0x80, 0, 0, 0, 0), ...ones(1024).map(() => Buffer.of(0, 0x80, 0, 0, 0, 0))],
	],
] as const)
	test(`a WebSocket ends at ${what}`, LIMIT, async () => {
		const socket = await ask(UPGRADE);
		const before = cloud.events.length;
		const ends = new Promise((resolve) => socket.resume().once("close", resolve));
		for (const piece of pieces) await new Promise((resolve) => socket.write(piece, resolve));
		await ends;
		const reasons = cloud.events.slice(before).map((event) => (event.event === "disconnected" ? event.reason : ""));
		assert.match(reasons.join(), /^(Too many|Max payload)/);
	});

function ones(count: number): Buffer[] {
	return Array.from({ length: count }, () => Buffer.of(1));
}

test("events of the largest size are kept up to 32 MB, the last of them in any case", () => {
	const watch = createWatch(new FakeClock(0));
	const telemetry = (bytes: number) =>
		watch.witness({ event: "telemetry", deviceId: "d", body: new Uint8Array(bytes), properties: {}, qos: 0 });
	const kept = (bytes: number, least: number, most: number) => {
		telemetry(bytes);
		const { length } = watch.events;
		assert.ok(length >= least && length <= most, `${length} of ${bytes} bytes`);
	};
	for (let i = 0; i < 100; i++) telemetry(MB);
	for (let i = 0; i < 100; i++) kept(MB, 28, 31);
	for (let i = 0; i < 10_000; i++) telemetry(1);
	for (let i = 0; i < 3_000; i++) kept(1, 9_000, 10_000);
	telemetry(40 * MB);
	assert.deepEqual([watch.events.length, (watch.events[0] as { body: Uint8Array }).body.length], [1, 40 * MB]);
	watch.witness({ event: "desired", deviceId: "d", patch: { a: "x".repeat(20 * MB) }, version: 1 });
	watch.witness({ event: "desired", deviceId: "d".repeat(20 * MB), patch: {}, version: 2 });
	assert.equal(watch.events.length, 1);
});
