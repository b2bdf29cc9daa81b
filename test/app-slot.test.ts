/** The application's slot, boot after boot: what is run, what is given up, what is taken away and given back. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openAppFlash } from "../hw/node/app-flash.ts";
import { utf8 } from "../src/bytes.ts";
import { Fault } from "../src/fault.ts";
import {
	APPS,
	AppDevice,
	bring,
	FIRMWARE,
	installed,
	type Running,
	update,
	updateFirmware,
} from "./fake/app-device.ts";
import { app } from "./fake/app-release.ts";
import { Power } from "./fake/power.ts";
import { isFault } from "./fake/random.ts";

const [OLD, NEW] = [APPS[1]!, APPS[2]!];
const stateOf = ({ runs, slot, updater }: Running) => {
	const { state, installed } = updater.status;
	return { runs, running: slot.running, slot: slot.state, state, installed };
};
const oldIsBack = (running: Running) =>
	assert.deepEqual(
		{ ...stateOf(running), state: undefined },
		{ runs: 1, running: "app_0", slot: "valid", installed: 2, state: undefined },
	);

/** The old one is confirmed, the new one has been offered, staged and started once. */
function toTrial(): { device: AppDevice; running: Running } {
	const device = installed(1);
	update(device.start(), NEW, 3);
	const running = device.start();
	assert.deepEqual(stateOf(running), { runs: 2, running: "app_1", slot: "trial", state: "trial", installed: 2 });
	return { device, running };
}

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
	assert.deepEqual(device.record, { version: 1, good: 0, starts: 0 });
});

test("a start of what is confirmed changes no flash, and two records", () => {
	const device = installed(1);
	const { changes } = device.flash;
	const power = new Power();
	device.boot({ power })!.slot.settled();
	assert.equal(device.flash.changes, changes);
	assert.equal(device.record?.starts, 0);
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

test("an update mends what rests", () => {
	const device = installed(1);
	for (let start = 0; start < 4; start++) device.start();
	const resting = device.start();
	assert.equal(resting.slot.resting?.code, "app.unstable");
	update(resting, NEW, 3);
	device.start().updater.confirm();
	assert.equal(device.start().runs, 2);
});

test("an application too large for the machine is never placed, and the old one runs on", () => {
	const device = installed(1);
	const large = app(9, { bytes: 12_000 });
	const machine = new AppDevice(device, [...APPS, large]);
	const options = { memory: large.length - 1 };
	let running = machine.start(options);
	update(running, large, 3);
	for (let trial = 1; trial < 3; trial++) {
		running = machine.start(options);
		oldIsBack(running);
		assert.equal(running.decision, "fetch");
		bring(running.updater, large);
	}
	running = machine.start(options);
	oldIsBack(running);
	assert.equal(running.updater.status.code, "ota.aborted");
	assert.ok(!machine.imported.includes(4));
});

test("while the firmware is on trial the application rests; it is given back when that is confirmed", () => {
	const device = installed(1);
	updateFirmware(device.start(), FIRMWARE[1]!, 2);
	assert.equal(device.flash.areas.run[4], 0, "taken away before another firmware maps it");
	const trial = device.start();
	assert.deepEqual([trial.firmware.runs, trial.firmware.slot.state, trial.runs], [1, "trial", undefined]);
	assert.deepEqual([trial.slot.resting?.code, trial.slot.running, trial.slot.state], ["app.held", "app_0", "valid"]);
	trial.firmware.updater.confirm();
	const after = device.start();
	assert.deepEqual([after.firmware.runs, after.runs, after.slot.state], [1, 1, "valid"]);
});

test("while the firmware is on trial the application rests; it is given back when that goes back", () => {
	for (const end of ["reject", "reset"]) {
		const device = installed(1);
		updateFirmware(device.start(), FIRMWARE[1]!, 2);
		const trial = device.start();
		assert.equal(trial.runs, undefined);
		if (end === "reject") trial.firmware.updater.reject(new Fault("ota.rejected", "no hub"));
		const after = device.start();
		assert.deepEqual([after.firmware.runs, after.runs, after.slot.state], [0, 1, "valid"]);
	}
});

test("a firmware that cannot be armed costs the application a restart at most", () => {
	const device = installed(1);
	const running = device.start();
	const broken = FIRMWARE[1]!.slice();
	broken[100]! ^= 1;
	assert.throws(() => updateFirmware(running, broken, 2), isFault("ota.image"));
	assert.equal(device.start().runs, 1);
});

test("a firmware that cannot take the application away is not armed", () => {
	const device = installed(1);
	const running = device.start({ fails: (what) => what === "write run 4" });
	assert.throws(() => updateFirmware(running, FIRMWARE[1]!, 2), isFault("ota.flash"));
	assert.equal(running.firmware.updater.status.state, "staged");
	const after = device.start();
	assert.deepEqual([after.firmware.runs, after.runs], [0, 1]);
});

test("a trial of the application that firmware interrupts is one that ended without a word", () => {
	const { device, running } = toTrial();
	updateFirmware(running, FIRMWARE[1]!, 2);
	device.start().firmware.updater.confirm();
	const after = device.start();
	oldIsBack(after);
	assert.deepEqual([after.firmware.runs, after.decision, after.updater.status.code], [1, "fetch", "ota.aborted"]);
	bring(after.updater, NEW);
	assert.equal(device.start().runs, 2);
});

test("after a firmware with another XS the copy is not placed, and stays", () => {
	const device = installed(1);
	for (let start = 0; start < 6; start++) {
		const running = device.start({ version: "18.0" });
		assert.deepEqual([running.runs, running.slot.running], [undefined, "app_0"]);
		assert.equal(running.fault?.code, "ota.image");
		assert.match(running.fault?.message ?? "", /made for XS 17\.7/);
	}
	assert.equal(device.start().runs, 1, "with its own XS it runs again");
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

test("a good copy whose structure is damaged is not placed, though it has been mapped before", () => {
	const device = installed(1);
	device.flash.areas[0][50] = 0;
	for (let start = 0; start < 6; start++) {
		const { runs, fault, slot } = device.start();
		assert.deepEqual([runs, fault?.code, slot.running], [undefined, "ota.image", "app_0"]);
	}
});

test("the area where it runs, damaged: placed anew", () => {
	const device = installed(1);
	for (const at of [5, 100, 5000, OLD.length - 1]) {
		device.flash.areas.run[at]! ^= 1;
		const running = device.start();
		assert.equal(running.runs, 1, `byte ${at}`);
		running.slot.settled();
	}
});

test("a store that refuses: no application is started that is not recorded, and none is confirmed", () => {
	const refuse = (name: string) => (name === "app" ? new Fault("store.full", "no room") : undefined);
	const device = installed(1);
	const running = device.start({ refuse });
	assert.deepEqual([running.runs, running.fault?.code], [undefined, "store.full"]);
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
		assert.equal(machine.start().slot.running, "none", text);
		assert.equal(machine.flash.areas.run[4], 0, text);
	}
	device.blobs.set("app", utf8('{"version":1,"good":0,"starts":0,"mood":"fine"}'));
	device.start();
	assert.deepEqual(device.record, { version: 1, good: 0, starts: 1, mood: "fine" } as object);
});

test("files behave like flash", () => {
	const folder = mkdtempSync(join(tmpdir(), "enrollee-app-flash-"));
	try {
		const flash = openAppFlash(folder, 0x2000);
		assert.deepEqual(flash.read(1, 4090, 12), new Uint8Array(12).fill(0xff));
		flash.write(1, 4094, Uint8Array.of(1, 2, 3));
		assert.throws(() => flash.write(1, 4094, Uint8Array.of(1)), isFault("ota.flash"));
		flash.write(1, 4094, Uint8Array.of(0, 0));
		flash.write("run", 0, Uint8Array.of(7));
		assert.deepEqual([...flash.read(1, 4093, 5)], [0xff, 0, 0, 3, 0xff]);
		assert.deepEqual([...flash.read(0, 0, 2)], [0xff, 0xff]);
		flash.erase(1, 4096, 4096);
		assert.deepEqual([...openAppFlash(folder, 0x2000).read(1, 4093, 5)], [0xff, 0, 0, 0xff, 0xff]);
		assert.equal(readFileSync(join(folder, "app_run.bin"))[0], 7);
		for (const [offset, length] of [
			[0, 100],
			[100, 4096],
			[0x2000, 4096],
			[-4096, 4096],
		] as const)
			assert.throws(() => flash.erase(0, offset, length), isFault("ota.flash"));
		assert.throws(() => flash.read(0, 0x2000, 1), isFault("ota.flash"));
		assert.throws(() => flash.write(0, 0x1fff, Uint8Array.of(1, 2)), isFault("ota.flash"));
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
});
