/**
 * An update on Node, whole: bundle and image from Node's own HTTPS server over real TLS, slots and store as files, a
 * connection that breaks, two resets, and the outcome seen by a third boot.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { certificatePem, der, saveEntity } from "../../cloud/pki.ts";
import { clock } from "../../hw/node/clock.ts";
import { openSlot } from "../../hw/node/slot.ts";
import { openStore } from "../../hw/node/store.ts";
import { createWire } from "../../hw/node/wire.ts";
import { equal } from "../../src/base/bytes.ts";
import type { Fault } from "../../src/fault.ts";
import { fetchBundle, fetchImage } from "../../src/update/download.ts";
import { readOffer } from "../../src/update/offer.ts";
import { Updater } from "../../src/update/updater.ts";
import { isFault } from "../support/random.ts";
import { bundle, CLASS, manifestOf, RELEASE_KEY, standInImage, VENDOR } from "../support/release.ts";
import { anchors, good, stranger } from "../support/tls-server.ts";

const IMAGE = standInImage(2);
const requests: string[] = [];
/** Connections still to be broken in the middle. */
let breaks = 1;

const server = createServer({ key: (await saveEntity(good)).key, cert: certificatePem(good) }, (request, response) => {
	const from = Number(/^bytes=([0-9]+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
	requests.push(`${request.url} ${from}`);
	const body = request.url === "/agent.suit" ? envelope : IMAGE;
	response.writeHead(from > 0 ? 206 : 200, {
		"Content-Length": body.length - from,
		...(from > 0 && { "Content-Range": `bytes ${from}-${body.length - 1}/${body.length}` }),
	});
	if (request.url === "/agent.bin" && breaks-- > 0)
		response.write(body.subarray(from, 200_000), () => response.destroy());
	else response.end(body.subarray(from));
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
after(() => server.close());

const base = `https://localhost:${(server.address() as AddressInfo).port}`;
const envelope = bundle(manifestOf(IMAGE, { uri: `${base}/agent.bin` }));
const folder = mkdtempSync(join(tmpdir(), "ota-"));

function boot() {
	let restarted = false;
	const restart = (): void => {
		restarted = true;
	};
	const slot = openSlot({ folder, restart });
	const keys = [RELEASE_KEY.publicKey];
	const updater = new Updater({ slot, store: openStore(folder), clock, keys, vendor: VENDOR, class: CLASS });
	return { slot, updater, decision: updater.boot(), restarted: () => restarted };
}

const ports = { wire: createWire(), clock, anchors };
const bring = (updater: Updater): Promise<Fault | undefined> =>
	new Promise((resolve) => void fetchImage(ports, updater, resolve));

test("an update over HTTPS: broken, resumed after a reset, on trial, confirmed", async () => {
	const offer = readOffer({ url: `${base}/agent.suit`, sequence: 2 })!;
	const first = boot();
	assert.deepEqual([first.decision, first.slot.running, first.slot.state], ["run", "ota_0", "valid"]);
	const fetched = await new Promise<Uint8Array | Fault>((resolve) => void fetchBundle(ports, offer.url, resolve));
	assert.ok(fetched instanceof Uint8Array && equal(fetched, envelope));
	first.updater.offer(fetched, offer.sequence);
	assert.ok(isFault("wire.closed")(await bring(first.updater)));

	const second = boot();
	assert.equal(second.decision, "fetch");
	assert.equal(await bring(second.updater), undefined);
	assert.ok(equal(readFileSync(join(folder, "ota_1.bin")).subarray(0, IMAGE.length), IMAGE));
	second.updater.apply();
	assert.ok(second.restarted());

	const third = boot();
	assert.deepEqual([third.decision, third.slot.running, third.slot.state], ["trial", "ota_1", "trial"]);
	third.updater.confirm();
	const fourth = boot();
	assert.deepEqual([fourth.decision, fourth.slot.running, fourth.slot.state], ["run", "ota_1", "valid"]);
	assert.deepEqual(fourth.updater.status, { state: "idle", installed: 2, sequence: 2 });
	assert.throws(() => fourth.updater.offer(fetched), isFault("ota.sequence"));

	assert.equal(requests.length, 3);
	assert.deepEqual(requests.slice(0, 2), ["/agent.suit 0", "/agent.bin 0"]);
	assert.match(requests[2]!, /^\/agent\.bin (65536|131072|196608)$/);
});

test("a download server without one of our anchors gives nothing", async () => {
	const outcome = await new Promise<Uint8Array | Fault>((resolve) => {
		fetchBundle({ ...ports, anchors: [der(stranger.certificate)] }, `${base}/agent.suit`, resolve);
	});
	assert.ok(isFault("tls.untrusted")(outcome), String(outcome));
});

test("an offer names an https URL and a number; anything else is refused, null is none", () => {
	assert.equal(readOffer(null), undefined);
	assert.equal(readOffer(undefined), undefined);
	for (const value of [{}, 1, "x", [], { sequence: 1 }, { url: 1, sequence: 1 }, { url: "http://a/x", sequence: 1 }])
		assert.throws(() => readOffer(value), isFault("ota.uri"));
	for (const sequence of [undefined, 0, -1, 1.5, "1", 2 ** 52, 2 ** 53, Infinity, null])
		assert.throws(() => readOffer({ url: "https://a/x", sequence }), isFault("ota.sequence"));
});
