/** The application's slot, boot after boot: what is run, confirmed, given up. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../src/fault.ts";
import { PairStore } from "../../src/store/pair-store.ts";
import { APPS, AppDevice, bring, installed, oldIsBack, stateOf, toTrial, update } from "../support/app-device.ts";
import { app } from "../support/app-release.ts";
import { isFault } from "../support/random.ts";
import { FakeStore, type FakeStoreOptions } from "../support/store.ts";

const OLD = APPS[1]!;
const NEW = APPS[2]!;

test("the first application: none, on trial, confirmed", () => {
	const device = new AppDevice();
	const before = device.start();
	assert.deepEqual(stateOf(before), { runs: undefined, running: "none", slot: "unknown", state: "idle", installed: 0 });
	assert.equal(device.blobs.size, 0, "nothing is written where there is nothing");
	update(before, OLD, 2);
	const trial = device.start();
	assert.deepEqual(stateOf(trial), { runs: 1, running: "app_0", slot: "trial", state: "trial", installed: 0 });
	trial.updater.confirm();
	const confirmed = { runs: 1, running: "app_0", slot: "valid", state: "idle", installed: 2 };
	assert.deepEqual(stateOf(trial), confirmed);
	assert.deepEqual(stateOf(device.start()), confirmed);
});

test("an update goes into the other copy, is confirmed, and the next one into the first again", () => {
	const { device, running } = toTrial();
	running.updater.confirm();
	update(running, APPS[3]!, 4);
	const third = device.start();
	assert.deepEqual(stateOf(third), { runs: 3, running: "app_0", slot: "trial", state: "trial", installed: 3 });
	third.updater.confirm();
	const { digests: _, ...record } = device.record!;
	assert.deepEqual(record, { version: 1, good: 0, starts: 0 });
});

test("a trial that ends without a word: the old one is back, then it is tried again; after three never", () => {
	const { device } = toTrial();
	for (const trial of [2, 3]) {
		const back = device.start();
		oldIsBack(back);
		assert.deepEqual([back.decision, back.updater.status.code], ["fetch", "ota.aborted"]);
		bring(back.updater, NEW);
		assert.equal(device.start().runs, 2, `trial ${trial}`);
	}
	const back = device.start();
	oldIsBack(back);
	assert.deepEqual(
		[back.decision, back.updater.status.state, back.updater.status.code],
		["run", "idle", "ota.aborted"],
	);
	assert.throws(() => update(back, NEW, 3), isFault("ota.failed-before"));
	assert.deepEqual(
		device.imported.filter((number) => number === 2),
		[2, 2, 2],
	);
});

test("one that is rejected gives way at once and is not tried again", () => {
	const { device, running } = toTrial();
	running.updater.reject(new Fault("app.failed", "it threw"));
	assert.equal(running.power.where, "restart");
	const back = device.start();
	oldIsBack(back);
	assert.deepEqual(back.updater.status, { state: "idle", installed: 2, sequence: 3, code: "app.failed" });
	assert.throws(() => update(back, NEW, 3), isFault("ota.failed-before"));
	update(back, APPS[3]!, 4);
	assert.equal(device.start().runs, 3);
});

test("the first application, rejected: there is none", () => {
	const device = new AppDevice();
	update(device.start(), NEW, 2);
	device.start().updater.reject(new Fault("app.failed", "it threw"));
	const back = device.start();
	assert.deepEqual(stateOf(back), { runs: undefined, running: "none", slot: "unknown", state: "idle", installed: 0 });
	assert.equal(device.flash.areas.run[4], 0);
});

test("one that says nothing goes back at its deadline; where the program hangs, by the guard", async () => {
	for (const [hangs, code] of [
		[false, "ota.rejected"],
		[true, "ota.aborted"],
	] as const) {
		const device = installed(1);
		update(device.start(), NEW, 3);
		const { clock, power } = device.start({ hangs });
		await clock.until(() => !power.on);
		assert.equal(clock.ticks(), hangs ? 660_000 : 600_000);
		const back = device.start();
		oldIsBack(back);
		assert.equal(back.updater.status.code, code);
	}
});

test("what is confirmed is not guarded any more, and cannot be rejected", async () => {
	const { running, device } = toTrial();
	running.updater.confirm();
	running.updater.reject(new Fault("app.failed", "too late"));
	await running.clock.advance(3600_000);
	assert.ok(running.power.on);
	assert.equal(device.start().runs, 2);
});

test("on trial nothing else can be armed", () => {
	const { running } = toTrial();
	assert.throws(() => running.slot.arm(), isFault("ota.busy"));
	assert.throws(() => running.updater.offer(new Uint8Array(1), 4), isFault("ota.busy"));
});

test("a confirmed one that takes the device down: four starts, then every other power-up", () => {
	const device = installed(1);
	const ran: (number | undefined)[] = [];
	for (let start = 0; start < 10; start++) {
		const { runs, slot } = device.start();
		ran.push(runs);
		assert.equal(slot.resting?.code, runs === undefined ? "app.unstable" : undefined);
		assert.deepEqual([slot.running, slot.state], ["app_0", "valid"]);
	}
	assert.deepEqual(ran, [1, 1, 1, 1, undefined, 1, undefined, 1, undefined, 1]);
	device.start();
	device.start().slot.settled();
	assert.equal(device.record?.starts, 0);
	for (let start = 0; start < 4; start++) assert.equal(device.start().runs, 1);
});

const FULL = { refuse: () => new Fault("store.full", "no room") };

/** A confirmed application on a store that loses nothing by a refusal, as devices have it. */
function onPairs(): AppDevice {
	const blobs = new Map<string, Uint8Array>();
	const open = (options: FakeStoreOptions) => new PairStore(new FakeStore({ ...options, blobs }));
	const device = new AppDevice(undefined, APPS, { blobs, open });
	update(device.start(), OLD, 2);
	const { updater, slot } = device.start();
	updater.confirm();
	slot.settled();
	return device;
}

test("flash too full for a record: the confirmed one runs at every start, uncounted, and is counted again once there is room", () => {
	const device = onPairs();
	for (let start = 0; start < 6; start++) {
		const running = device.start(FULL);
		assert.deepEqual([running.runs, running.slot.resting], [1, undefined]);
		running.slot.settled();
	}
	assert.equal(device.record?.starts, 0);
	device.start();
	assert.equal(device.record?.starts, 1);
});

test("flash too full for a record: what is armed waits, and the confirmed one runs", () => {
	const device = onPairs();
	update(device.start(), NEW, 3);
	for (let start = 0; start < 3; start++) assert.equal(device.start(FULL).runs, 1);
	assert.equal(device.start().runs, 2);
});

test("flash too full for a record: a trial that has ended is over, and the one before is back once there is room", () => {
	const device = onPairs();
	update(device.start(), NEW, 3);
	assert.equal(device.start().runs, 2);
	for (let start = 0; start < 3; start++) {
		// No restart could be counted that puts the one before in its place.
		const { runs, slot, fault } = device.boot(FULL)!;
		assert.deepEqual([runs, slot.resting?.code, fault], [undefined, "store.full", undefined]);
	}
	oldIsBack(device.start());
});

test("an update mends what rests", () => {
	const device = installed(1);
	for (let start = 0; start < 4; start++) device.start();
	const resting = device.start();
	assert.equal(resting.slot.resting?.code, "app.unstable");
	update(resting, NEW, 3);
	device.start().updater.confirm();
	assert.equal(device.start().runs, 2);
});

test("an application too large for the machine is never placed, be it the first one or an update", () => {
	const large = app(9, { bytes: 12_000 });
	const options = { memory: large.length - 1 };
	for (const before of [new AppDevice(), installed(1)]) {
		const device = new AppDevice(before, [...APPS, large]);
		let running = device.start(options);
		const old = running.runs;
		update(running, large, 3);
		for (let trial = 1; trial < 3; trial++) {
			running = device.start(options);
			assert.deepEqual([running.runs, running.decision], [old, "fetch"]);
			bring(running.updater, large);
		}
		running = device.start(options);
		assert.deepEqual([running.runs, running.updater.status.code], [old, "ota.aborted"]);
		assert.ok(!device.imported.includes(4));
	}
});
