/** Never full: nothing is begun that flash could refuse, the credential comes first, and it is said before it is needed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "../../src/base/bytes.ts";
import type { Credential } from "../../src/identity/record.ts";
import { encodeCredential } from "../../src/identity/record.ts";
import { KeyPair } from "../../src/key/pair.ts";
import { capacityOf, entriesOf, expectRoom } from "../../src/store/entries.ts";
import { openFlashStore } from "../../src/store/flash-store.ts";
import { FlashWatch } from "../../src/store/flash-watch.ts";
import { CREDENTIAL_BYTES, LEAST_CREDENTIAL_BYTES, shortageOf, UPDATE_BYTES } from "../../src/store/reserve.ts";
import { MAX_ENVELOPE_BYTES } from "../../src/suit/manifest.ts";
import type { UpdateRecord } from "../../src/update/update-record.ts";
import { FakeClock } from "../support/clock.ts";
import { isFault } from "../support/random.ts";
import { FakeStore } from "../support/store.ts";

const PAGES = 16;
const TOTAL = PAGES * 126;

/** A device's store on a partition that others have filled so far, in entries. */
function device(others = 0, pages = PAGES) {
	const held = { others };
	const flash = new FakeStore({ partition: { pages, others: () => held.others } });
	return Object.assign(held, { flash, store: openFlashStore(flash, false, () => flash.entries()) });
}

test("at every fill: a put is done or refused with store.full, the flash itself never refuses, and a refusal changes nothing", () => {
	let refused = 0;
	for (let others = 0; others <= TOTAL; others += 7)
		for (const [name, size] of [
			["cred.a", 1200],
			["cred.current", 45],
			["ota", 6000],
		] as const) {
			const { store, flash } = device();
			store.put(name, new Uint8Array(size).fill(1));
			const full = device(others);
			for (const [blob, bytes] of flash.blobs) full.flash.blobs.set(blob, bytes);
			const before = new Map(full.flash.blobs);
			try {
				full.store.put(name, new Uint8Array(size).fill(2));
				assert.equal(full.store.get(name)?.[0], 2);
			} catch (thrown) {
				assert.ok(isFault("store.full")(thrown));
				assert.deepEqual(full.flash.blobs, before);
				refused++;
			}
			assert.equal(full.flash.refusals, 0);
		}
	assert.ok(refused > 100);
});

test("an update's envelope leaves a credential its room; the credential and small records take all there is", () => {
	const envelope = new Uint8Array(6000);
	const others = capacityOf(TOTAL) - entriesOf(6012) - entriesOf(LEAST_CREDENTIAL_BYTES);
	device(others).store.put("ota", envelope);
	const { store } = device(others + 1);
	assert.throws(() => store.put("ota", envelope), isFault("store.full"));
	store.put("cred.a", envelope);
	store.put("app", new Uint8Array(200));

	// A larger one than usual that is there keeps as much.
	const large = device(others - entriesOf(3012));
	large.store.put("cred.a", new Uint8Array(3000));
	assert.throws(() => large.store.put("ota", envelope), isFault("store.full"));
});

test("a small record is taken for longer than a large one: less of each page's end is lost to it", () => {
	const { store } = device(Math.floor(0.88 * TOTAL));
	assert.throws(() => store.put("cred.a", new Uint8Array(1200)), isFault("store.full"));
	store.put("cred.current", new Uint8Array(45));
});

test("store.low is said once, in time, and again after there was room; in the log, and never where there is no end", () => {
	const clock = new FakeClock();
	const said: unknown[] = [];
	const state = device(200);
	const watch = new FlashWatch(state.store, clock, (step, detail) => said.push([step, detail?.code]));
	watch.look();
	assert.deepEqual(said, []);
	state.others = 700;
	watch.look();
	watch.look();
	assert.deepEqual(said, [["fault", "store.low"]]);
	// Before it is needed: all that the agent has to write can still be written.
	for (const name of ["cred.a", "cred.b"]) state.store.put(name, new Uint8Array(CREDENTIAL_BYTES));
	for (const name of ["ota", "ota.app"]) state.store.put(name, new Uint8Array(UPDATE_BYTES));
	state.store.put("cred.a", new Uint8Array(CREDENTIAL_BYTES).fill(1));
	state.store.put("ota", new Uint8Array(UPDATE_BYTES).fill(1));
	state.others = 200;
	watch.look();
	state.others = 700;
	watch.look();
	assert.equal(said.length, 2);

	new FlashWatch(new FakeStore(), clock, () => assert.fail("no end")).look();
});

test("while nothing is said to be missing, each record at its largest is taken, and taken again", () => {
	for (let others = 0; others < TOTAL; others += 7) {
		const { store, flash } = device(others);
		if (shortageOf(store, flash.entries()!) > 0) return assert.ok(others > 557);
		for (let turn = 0; turn < 3; turn++) {
			for (const name of ["cred.a", "cred.b"]) store.put(name, new Uint8Array(CREDENTIAL_BYTES - 12).fill(turn));
			for (const name of ["ota", "ota.app"]) store.put(name, new Uint8Array(UPDATE_BYTES - 12).fill(turn));
		}
	}
	assert.fail("never short");
});

test("it is looked for each day, and no more once the agent is closed", async () => {
	const clock = new FakeClock();
	const said: unknown[] = [];
	const state = device(200);
	const watch = new FlashWatch(state.store, clock, (step) => said.push(step));
	watch.look();
	state.others = 700;
	await clock.advance(25 * 3600_000);
	assert.equal(said.length, 1);
	state.others = 200;
	await clock.advance(25 * 3600_000);
	watch.close();
	state.others = 700;
	await clock.advance(100 * 3600_000);
	assert.equal(said.length, 1);
});

test("boards have room for all: the worst case beside 12 KB of an application's own and ESP-IDF's 4 KB, and not for much more", () => {
	const rest = (others: number) => shortageOf(new FakeStore(), { total: TOTAL, used: others, own: 0 });
	assert.equal(rest(entriesOf(12 * 1024) + entriesOf(4096)), 0);
	// Two credentials, two update records, a third of these beside, 56 entries of small records.
	assert.equal(rest(800), 800 + 2 * entriesOf(CREDENTIAL_BYTES) + 3 * entriesOf(UPDATE_BYTES) + 56 - capacityOf(TOTAL));
	assert.ok(shortageOf(new FakeStore(), { total: 14 * 126, used: 0, own: 0 }) > 0, "the others may come yet");
	assert.ok(shortageOf(new FakeStore(), { total: 8 * 126, used: 0, own: 0 }) > 0, "32 KB are too few");
});

test("a larger chain than usual counts as it is", () => {
	const store = new FakeStore();
	const entries = { total: TOTAL, used: 560, own: 0 };
	assert.equal(shortageOf(store, entries), 0);
	store.put("cred.a", new Uint8Array(9000));
	assert.ok(shortageOf(store, entries) > 0);
});

test("the reckoned sizes hold: the largest update record, a credential with four certificates", () => {
	const failure = { sequence: Number.MAX_SAFE_INTEGER, code: "ota.failed-before" };
	const record: UpdateRecord = {
		version: 1,
		installed: Number.MAX_SAFE_INTEGER,
		failed: Array.from({ length: 16 }, () => failure),
		work: {
			...{ state: "fetching", sequence: Number.MAX_SAFE_INTEGER, size: 0x1f0000, digest: "0".repeat(64) },
			envelope: Buffer.alloc(MAX_ENVELOPE_BYTES).toString("base64"),
			...{
				offset: 0x1f0000,
				furthest: 0x1f0000,
				from: "app_0",
				trials: 2,
				stalls: 7,
				mismatches: 2,
				code: "ota.digest",
			},
		},
		last: failure,
	};
	assert.ok(utf8(JSON.stringify(record)).length <= UPDATE_BYTES, `${JSON.stringify(record).length}`);
	const credential: Credential = {
		sequence: 1,
		key: { signer: new KeyPair(new Uint8Array(32).fill(1)) },
		chain: Array.from({ length: 4 }, () => new Uint8Array(800)),
		hub: { host: "h".repeat(63), port: 8883 },
		deviceId: "d".repeat(128),
		registrationId: "r".repeat(128),
		notBefore: 0,
		notAfter: 1,
		unknown: [],
	};
	assert.ok(encodeCredential(credential).length <= CREDENTIAL_BYTES);
});

test("what ends in a write that could be refused is not begun", () => {
	const { store } = device(capacityOf(TOTAL) - entriesOf(256) - entriesOf(1200));
	expectRoom(store, 256, 1200);
	assert.throws(() => expectRoom(store, 256, 1200, 1), isFault("store.full"));
	expectRoom(new FakeStore(), 1 << 20);
});

test("writes a day and the life of the flash: what was written, over the pages that are not full", async () => {
	const clock = new FakeClock();
	const state = device(500);
	const watch = new FlashWatch(state.store, clock, () => {});
	for (let i = 0; i < 10; i++) state.store.put("cred.a", Uint8Array.of(i));
	await clock.advance(24 * 3600_000 - 1);
	assert.deepEqual({ ...watch.status }, { usedPercent: 25 }, "a pace, before a day has passed");
	await clock.advance(1);
	assert.equal(watch.status?.writesPerDay, 10);
	await clock.advance(9 * 24 * 3600_000);
	const { writesPerDay, lifeYears, usedPercent } = watch.status!;
	assert.deepEqual([writesPerDay, usedPercent], [1, 25]);
	assert.equal(lifeYears, 1000);
	for (let i = 0; i < 1000; i++) state.store.put("cred.a", new Uint8Array(1200).fill(i));
	const entries = 1000 * entriesOf(1212);
	assert.equal(watch.status!.lifeYears, Math.round((10_000 * (TOTAL - 500 - 40) * 10) / entries / 365));
	assert.equal(new FlashWatch(new FakeStore(), clock, () => {}).status, undefined);
});
