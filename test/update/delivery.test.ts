/** When an update is tried again: pauses that grow, rest while the hub is away, an end for servers that never deliver. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../src/fault.ts";
import { Delivery } from "../../src/update/delivery.ts";
import { EDGE_BYTES } from "../../src/update/writer.ts";
import { bundle, manifestOf, standInImage } from "../support/release.ts";
import { ranged, type Server, scene, send, whole } from "./download-scene.ts";

const HOUR = 3600_000;
const OFFER = { url: "https://updates.example.com/3.suit", sequence: 3 };
const IMAGE = standInImage(3);

/** A server with a bundle, and an image as `image` answers. */
function bench(bundles: Server, image: Server = ranged(IMAGE)) {
	const found = scene((socket, request) => (request.path === "/3.suit" ? bundles : image)(socket, request));
	const { clock, updater, ports, requests } = found;
	// What the scene has offered already.
	updater.interrupted(new Fault("ota.withdrawn", "another is coming"));
	const log: string[] = [];
	const refused: string[] = [];
	const missing: string[] = [];
	let telemetry: (() => void) | undefined;
	let isQuiet = true;
	const delivery = new Delivery({
		...ports,
		updater,
		entropy: { fill: (bytes) => void bytes.fill(255) },
		log: (step, { seconds, code } = {}) => void (step === "ota.waiting" && log.push(`${seconds} ${code}`)),
		onChange: (then) => then?.(),
		onMissing: (_, { code }) => void missing.push(code),
		onRefused: (_, { code }) => void refused.push(code),
		whenQuiet(then) {
			if (isQuiet) then();
			else telemetry = then;
		},
	});
	const busy = () => {
		isQuiet = false;
		return () => telemetry?.();
	};
	const bundleRequests = () => requests.filter(({ path }) => path === "/3.suit").length;
	return { ...found, clock, delivery, log, missing, refused, busy, bundleRequests };
}

const good: Server = (socket, request) => whole(bundle(manifestOf(IMAGE, { sequence: 3 })))(socket, request);
const status =
	(line: string, ...fields: string[]): Server =>
	(socket) =>
		send(socket, line, ["Content-Length: 0", ...fields], new Uint8Array(0));

test("a server that is down: pauses of seconds to minutes eight times, then an hour doubling to a day, without end", async () => {
	const { clock, delivery, log, bundleRequests } = bench(status("503 Service Unavailable"));
	delivery.take(OFFER);
	delivery.resume();
	await clock.advance(72 * HOUR);
	const seconds = log.map((line) => Number(line.split(" ")[0]));
	assert.deepEqual(seconds.slice(0, 9), [2, 4, 8, 16, 32, 64, 128, 3600, 2]);
	const pauses = seconds.filter((one) => one >= 3600);
	assert.deepEqual(pauses.slice(0, 5), [3600, 7200, 14_400, 28_800, 57_600]);
	assert.ok(bundleRequests() <= 8 * (pauses.length + 1));
	delivery.stop();
	assert.equal(clock.waiting, 0);
});

test("a server that says when to come back is not asked earlier", async () => {
	const { clock, delivery, bundleRequests } = bench(status("429 Too Many Requests", "Retry-After: 500"));
	delivery.take(OFFER);
	delivery.resume();
	await clock.advance(498_000);
	assert.equal(bundleRequests(), 1);
	delivery.makeRoom();
	delivery.resume();
	await clock.advance(0);
	assert.equal(bundleRequests(), 1);
	await clock.advance(200_000);
	assert.equal(bundleRequests(), 2);
	delivery.stop();
});

test("what another attempt would meet again is refused once, and the next offer is taken", async () => {
	let isThere = false;
	const { clock, delivery, refused, bundleRequests, updater } = bench((socket, request) =>
		(isThere ? good : status("410 Gone"))(socket, request),
	);
	delivery.take(OFFER);
	delivery.resume();
	await clock.advance(72 * HOUR);
	assert.deepEqual([refused, bundleRequests()], [["ota.http"], 1]);
	isThere = true;
	delivery.take(OFFER);
	await clock.advance(HOUR);
	assert.equal(updater.status.state, "armed");
});

test("a file that is not there yet is looked for during an hour or so, then refused", async () => {
	let isThere = false;
	const { clock, delivery, missing, refused, bundleRequests, updater } = bench((socket, request) =>
		(isThere ? good : status("404 Not Found"))(socket, request),
	);
	delivery.take(OFFER);
	delivery.resume();
	await clock.advance(HOUR / 3);
	assert.ok(bundleRequests() > 2 && refused.length === 0);
	assert.equal(missing.length, bundleRequests(), "said each time, not only at the end");
	await clock.advance(72 * HOUR);
	assert.deepEqual([refused, bundleRequests()], [["ota.missing"], 8]);
	isThere = true;
	delivery.take(OFFER);
	await clock.advance(HOUR);
	assert.equal(updater.status.state, "armed");
});

test("what makes room for something else ends, and goes on from where it was", async () => {
	let isStuck = true;
	const { clock, delivery, updater, requests } = bench(good, (socket, request) => {
		if (!isStuck) ranged(IMAGE)(socket, request);
	});
	delivery.take(OFFER);
	delivery.resume();
	await clock.advance(1000);
	assert.deepEqual([updater.status.state, requests.length], ["fetching", 2]);
	isStuck = false;
	delivery.makeRoom();
	await clock.advance(HOUR);
	assert.equal(requests.length, 2);
	delivery.resume();
	await clock.advance(1000);
	assert.equal(updater.status.state, "armed");
});

test("without the hub nothing begins; what is complete is restarted into when the hub is back", async () => {
	const { clock, delivery, updater } = bench(good);
	delivery.take(OFFER);
	await clock.advance(HOUR);
	assert.equal(updater.status.state, "idle");
	delivery.resume();
	await clock.until(() => updater.status.state === "fetching");
	delivery.rest();
	await clock.advance(HOUR);
	assert.equal(updater.status.state, "staged");
	delivery.resume();
	await clock.advance(HOUR);
	assert.equal(updater.status.state, "armed");
});

test("the restart waits for telemetry, but not for ever", async () => {
	for (const becomesQuiet of [true, false]) {
		const { clock, delivery, updater, busy } = bench(good);
		const quiet = busy();
		delivery.take(OFFER);
		delivery.resume();
		await clock.until(() => updater.status.state === "staged");
		await clock.advance(29_000);
		assert.equal(updater.status.state, "staged");
		if (becomesQuiet) quiet();
		else await clock.advance(2000);
		assert.equal(updater.status.state, "armed");
	}
});

test("a server that ignores Range and always breaks off is given up after eight, whatever it brought", async () => {
	const breaks: Server = (socket) => {
		send(socket, "200 OK", [`Content-Length: ${IMAGE.length}`], IMAGE.subarray(0, EDGE_BYTES + 100));
		socket.close();
	};
	const { clock, delivery, requests } = bench(good, breaks);
	delivery.take(OFFER);
	delivery.resume();
	await clock.advance(HOUR / 2);
	const images = requests.filter(({ path }) => path !== "/3.suit").length;
	assert.ok(images >= 8 && images <= 10, `${images} downloads`);
	delivery.stop();
});

test("the same offer again, while its bundle is brought, changes nothing; during a pause it is brought at once", async () => {
	let isThere = false;
	const stuck: Server = (socket, request) => {
		if (isThere) good(socket, request);
	};
	const { clock, delivery, updater, bundleRequests, wire } = bench(stuck);
	delivery.resume();
	for (let i = 0; i < 10; i++) delivery.take(OFFER);
	await clock.advance(1000);
	for (let i = 0; i < 10; i++) delivery.take({ ...OFFER });
	await clock.advance(1000);
	assert.deepEqual([bundleRequests(), wire.connections], [1, 1]);
	await clock.advance(30_000);
	isThere = true;
	delivery.take(OFFER);
	await clock.advance(1);
	await clock.until(() => updater.status.state === "armed");
	assert.equal(bundleRequests(), 2);
});

test("the same offer again, with another address, does not disturb the download; should that fail, it is used", async () => {
	let isBroken = true;
	const hangs: Server = (socket, request) => {
		if (!isBroken) return ranged(IMAGE)(socket, request);
		send(socket, "200 OK", [`Content-Length: ${IMAGE.length}`], IMAGE.subarray(0, 1000));
	};
	const { clock, delivery, updater, bundleRequests } = bench(good, hangs);
	delivery.take(OFFER);
	delivery.resume();
	await clock.until(() => updater.status.state === "fetching");
	delivery.take(OFFER);
	await clock.advance(1000);
	assert.equal(bundleRequests(), 1);
	isBroken = false;
	await clock.advance(HOUR / 2);
	assert.deepEqual([bundleRequests(), updater.status.state], [2, "armed"]);
});
