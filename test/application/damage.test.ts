/** The application's slot on flash and a store that fail: damaged copies, records of another time, no room. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "../../src/base/bytes.ts";
import { Fault } from "../../src/fault.ts";
import { APPS, AppDevice, installed, oldIsBack, toTrial, update } from "../support/app-device.ts";
import { IDENTIFIER } from "../support/app-mapper.ts";
import { app, appBundle } from "../support/app-release.ts";
import { Power } from "../support/power.ts";
import { isFault } from "../support/random.ts";

const NEW = APPS[2]!;

test("a start of what is confirmed changes no flash, and two records", () => {
	const device = installed(1);
	const { changes } = device.flash;
	const power = new Power();
	device.boot({ power })!.slot.settled();
	assert.equal(device.flash.changes, changes);
	assert.equal(device.record?.starts, 0);
});

test("a candidate whose copy is damaged gives way to the old one in the same start", () => {
	const device = installed(1);
	update(device.start(), NEW, 3);
	device.flash.areas[1].fill(0x55, 5000, 5010);
	device.flash.areas[1].fill(0, 40, 60);
	const running = device.start();
	oldIsBack(running);
	assert.equal(running.updater.status.code, "ota.aborted");
});

test("of the record only the copy before the confirmation is left: what was confirmed stays", () => {
	const { device, running } = toTrial();
	const before = device.blobs.get("app")!.slice();
	running.updater.confirm();
	device.blobs.set("app", before);
	const { runs, slot } = device.start();
	assert.deepEqual([runs, slot.running, slot.state], [2, "app_1", "valid"]);
});

test("a good copy whose structure is damaged is not placed, though it has been mapped before", () => {
	const device = installed(1);
	device.flash.areas[0][50] = 0;
	for (let start = 0; start < 6; start++) {
		const { runs, fault, slot } = device.start();
		assert.deepEqual([runs, fault?.code, slot.running], [undefined, "ota.image", "app_0"]);
	}
});

test("a copy whose bytecode has a wrong bit is not placed, good or on trial", () => {
	const device = installed(1);
	update(device.start(), NEW, 3);
	device.flash.areas[1][codeOf(device.flash.areas[1])]! ^= 4;
	oldIsBack(device.start());

	device.flash.areas[0][codeOf(device.flash.areas[0])]! ^= 4;
	const { runs, fault, slot } = device.start();
	assert.deepEqual([runs, fault?.code, slot.running], [undefined, "ota.digest", "app_0"]);
});

test("a copy that the engine would not survive is not mapped, though no start can be counted", () => {
	const isFull = { refuse: () => new Fault("store.full", "no room") };
	const bytes = APPS[1]!.length;
	const wrongs: readonly ((copy: Uint8Array) => void)[] = [
		// In its last module, an identifier without an index.
		(copy) => copy.fill(IDENTIFIER, bytes - 50, bytes - 49),
		// As large as its half says.
		(copy) => new DataView(copy.buffer).setUint32(0, copy.length),
	];
	for (const damage of wrongs) {
		const device = installed(1);
		assert.equal(device.start({ memory: bytes }).runs, 1);
		damage(device.flash.areas[0]);
		for (let start = 0; start < 6; start++) {
			const { runs, slot } = device.boot({ memory: bytes, ...isFull })!;
			assert.deepEqual([runs, slot.resting?.code], [undefined, "store.full"]);
		}
		const { runs, fault } = device.boot({ memory: bytes })!;
		assert.deepEqual([runs, fault?.code], [undefined, "ota.image"]);
	}
});

test("what is not where it runs is not mapped while no start can be counted: it may be too large for the machine", () => {
	const device = installed(1);
	device.start().slot.uninstall();
	const options = { memory: APPS[1]!.length - 1, refuse: () => new Fault("store.full", "no room") };
	for (let start = 0; start < 6; start++) {
		const { runs, slot } = device.boot(options)!;
		assert.deepEqual([runs, slot.resting?.code], [undefined, "store.full"]);
	}
});

test("the area where it runs, damaged: placed anew", () => {
	// Its first two sectors and its last two hold nothing that the engine writes.
	const large = app(9, { bytes: 12_000, plain: 9000, symbols: 600 });
	assert.ok(large.length > 5 * 4096);
	const device = installed(4, 2, new AppDevice(undefined, [...APPS, large]));
	for (const at of [5, 100, 4095, 4096, 8000, 10_000, 13_000, 16_384, large.length - 1]) {
		device.flash.areas.run[at]! ^= 1;
		const running = device.start();
		assert.equal(running.runs, 4, `byte ${at}`);
		running.slot.settled();
	}
});

test("a store that refuses: what is confirmed runs all the same, what is on trial is not confirmed", () => {
	const refuse = (name: string) => (name === "app" ? new Fault("store.full", "no room") : undefined);
	const device = installed(1);
	const running = device.start({ refuse });
	assert.deepEqual([running.runs, running.fault], [1, undefined]);
	assert.equal(device.start().runs, 1);

	let isFull = false;
	update(device.start(), NEW, 3);
	const trial = device.start({ refuse: (name) => (isFull ? refuse(name) : undefined) });
	assert.equal(trial.runs, 2);
	isFull = true;
	assert.throws(() => trial.updater.confirm(), isFault("store.full"));
	assert.deepEqual([trial.slot.state, trial.updater.status.installed], ["trial", 2]);
	isFull = false;
	trial.updater.confirm();
	assert.equal(device.start().runs, 2);
});

test("flash that is worn out where it runs: a Fault and no application, not one restart after another", () => {
	for (const worn of [4, 100, 5000]) {
		const device = installed(1);
		device.flash.worn = worn;
		device.flash.areas.run[worn] = 0;
		for (let start = 0; start < 6; start++) {
			const { runs, fault } = device.start();
			assert.deepEqual([runs, fault?.code], [undefined, "ota.flash"], `byte ${worn}`);
		}
	}
});

test("a copy loses the right to run before it is overwritten", () => {
	const device = installed(1);
	update(device.start(), NEW, 3);
	// It was armed, and could not be started.
	let isWorn = true;
	const refuse = (name: string) => (isWorn && name === "app" ? new Fault("store.failed", "worn") : undefined);
	const { runs, updater } = device.start({ refuse });
	assert.deepEqual([runs, device.record?.candidate], [undefined, { half: 1, started: false }]);
	isWorn = false;
	updater.offer(appBundle(APPS[3]!, 4));
	updater.download()!.writer.write(APPS[3]!.subarray(0, 5000));
	assert.equal(device.record?.candidate, undefined);
});

test("flash that fails while it is placed: a Fault, no application, and another attempt at the next power-up", () => {
	const device = installed(1);
	update(device.start(), NEW, 3);
	const running = device.start({ fails: (what) => /run 4096/.test(what) });
	assert.equal(running.runs, undefined);
	assert.equal(device.start().runs, 1);
});

test("a record of a newer format is left alone, and there is no application", () => {
	const device = installed(1);
	const newer = utf8(JSON.stringify({ version: 2, halves: ["?"] }));
	device.blobs.set("app", newer);
	assert.throws(() => device.boot(), isFault("store.newer"));
	assert.deepEqual(device.blobs.get("app"), newer);
});

test("a record that cannot be read is none, and fields that are not known stay", () => {
	const device = installed(1);
	const spoiled = [
		"{",
		"7",
		"null",
		"[]",
		'{"version":"1","starts":0}',
		'{"version":1}',
		'{"version":1,"starts":0,"good":2}',
		'{"version":1,"starts":0,"good":null}',
		'{"version":1,"starts":0,"candidate":{"half":3,"started":true}}',
		'{"version":1,"starts":0,"candidate":{"half":1}}',
		'{"version":1,"starts":0,"candidate":null}',
		'{"version":1,"starts":1.5}',
	];
	for (const text of spoiled) {
		const machine = new AppDevice(device);
		machine.blobs.set("app", utf8(text));
		// What was confirmed stands twice.
		assert.equal(new AppDevice(machine).start().slot.running, "app_0", text);
		machine.blobs.set("app.good", utf8(text));
		assert.equal(machine.start().slot.running, "none", text);
		assert.equal(machine.flash.areas.run[4], 0, text);
	}
	device.blobs.set("app", utf8('{"version":1,"good":0,"starts":0,"mood":"fine"}'));
	device.start();
	assert.deepEqual(device.record, { version: 1, good: 0, starts: 1, mood: "fine" } as object);
});

/** Where the first module's bytecode begins. */
function codeOf(archive: Uint8Array): number {
	return Buffer.from(archive).indexOf("CODE") + 4;
}
