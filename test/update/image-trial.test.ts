/** After the restart: trials, deadlines, going back, the floor, and the record that all of it rests on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "../../src/base/bytes.ts";
import { Fault } from "../../src/fault.ts";
import { EDGE_BYTES } from "../../src/update/writer.ts";
import { isFault, random } from "../support/random.ts";
import { bundle, manifestOf, standInImage } from "../support/release.ts";
import { device, install, NEW, OTHER, toTrial, write } from "../support/updated-device.ts";

test("the floor rises at confirmation, not before", () => {
	const machine = device();
	const trial = toTrial(machine);
	assert.deepEqual([trial.decision, trial.slot.running, trial.slot.state], ["trial", "ota_1", "trial"]);
	assert.equal(machine.record().installed, 0);
	assert.throws(() => trial.updater.offer(bundle(manifestOf(OTHER, { sequence: 3 }))), isFault("ota.busy"));
	trial.updater.confirm();
	assert.equal(machine.record().installed, 2);
	assert.equal(trial.clock.waiting, 0, "neither deadline nor guard is left");
	trial.updater.reject(new Fault("ota.rejected", "too late"));
	assert.ok(trial.power.on);
	assert.deepEqual(machine.boot().updater.status, { state: "idle", installed: 2, sequence: 2 });
});

test("a trial that does not reach the hub goes back at its deadline, is reported, and is not repeated", async () => {
	const machine = device();
	const trial = toTrial(machine);
	await trial.clock.advance(599_000);
	assert.ok(trial.power.on);
	await trial.clock.advance(2000);
	assert.ok(!trial.power.on);
	const back = machine.boot();
	assert.deepEqual([back.slot.running, back.decision], ["ota_0", "run"]);
	assert.deepEqual(back.updater.status, { state: "idle", installed: 0, sequence: 2, code: "ota.rejected" });
	assert.throws(() => back.updater.admit(2), isFault("ota.failed-before"));
});

test("a trial that hangs is ended by the platform's guard", async () => {
	const machine = device();
	const trial = toTrial(machine, { hangs: true });
	assert.equal(trial.slot.state, "trial");
	await trial.clock.advance(3600_000);
	assert.ok(!trial.power.on);
	assert.equal(machine.boot().slot.running, "ota_0");
});

test("a store that fails at the deadline does not keep the image", async () => {
	const machine = device();
	let broken = false;
	const trial = toTrial(machine, { refuse: () => (broken ? new Fault("store.failed", "worn") : undefined) });
	broken = true;
	await trial.clock.advance(600_000);
	assert.ok(!trial.power.on);
	assert.equal(machine.boot().slot.running, "ota_0");
});

test("a trial cut by power is repeated once the old image is connected, two more times", () => {
	const machine = device();
	toTrial(machine);
	for (let trials = 2; trials <= 3; trials++) {
		const back = machine.boot();
		assert.deepEqual([back.slot.running, back.decision, back.updater.status.code], ["ota_0", "fetch", "ota.aborted"]);
		assert.equal(back.updater.download()!.writer.offset, NEW.length, "nothing to download again");
		back.updater.complete();
		back.updater.apply();
		assert.equal(machine.boot().decision, "trial");
	}
	const back = machine.boot();
	assert.deepEqual([back.slot.running, back.decision, back.updater.status.code], ["ota_0", "run", "ota.aborted"]);
	assert.throws(() => back.updater.offer(bundle(manifestOf(NEW))), isFault("ota.failed-before"));
});

test("where the bootloader does not know rollback, three boots without the hub are enough", () => {
	const machine = device();
	install(machine, OTHER, 1);
	const boot = () => machine.boot({ rollback: false });
	const first = toTrial(machine, { rollback: false });
	assert.deepEqual([first.slot.running, first.slot.state, first.decision], ["ota_0", "unknown", "trial"]);
	assert.equal(boot().decision, "trial");
	assert.equal(boot().decision, "trial");
	assert.equal(boot().power.on, false);
	const back = boot();
	assert.deepEqual([back.slot.running, back.decision, back.updater.status.code], ["ota_1", "run", "ota.aborted"]);
});

test("and meanwhile its own number raises no floor: what comes between it and the one before can be installed", () => {
	const machine = device();
	install(machine, OTHER, 1);
	for (let boot = toTrial(machine, { rollback: false }); boot.power.on; boot = machine.boot({ rollback: false }))
		assert.equal(boot.updater.status.installed, 1);
	const back = machine.boot({ rollback: false });
	assert.deepEqual([back.slot.running, back.updater.status.installed, machine.record().installed], ["ota_1", 1, 1]);
});

test("with nothing to go back to, a doubtful image runs on, and its number is not tried again", () => {
	const machine = device();
	const trial = toTrial(machine, { rollback: false });
	machine.slots.flash[0].fill(0xff);
	trial.updater.reject(new Fault("ota.rejected", "unfit"));
	assert.ok(trial.power.on);
	const again = machine.boot({ rollback: false });
	assert.deepEqual([again.slot.running, again.decision, again.updater.status.code], ["ota_1", "run", "ota.rejected"]);
	assert.throws(() => again.updater.admit(2), isFault("ota.failed-before"));
});

test("an image on trial without a record is confirmed or goes back as well", async () => {
	for (const reachesHub of [true, false]) {
		const machine = device();
		const session = machine.boot();
		session.updater.offer(bundle(manifestOf(NEW)));
		write(session, NEW);
		session.updater.complete();
		session.updater.apply();
		machine.blobs.set("ota", utf8("damaged"));
		const trial = machine.boot();
		assert.equal(trial.decision, "trial");
		assert.throws(() => trial.updater.admit(9), isFault("ota.busy"));
		if (reachesHub) trial.updater.confirm();
		else await trial.clock.until(() => !trial.power.on);
		assert.equal(machine.boot().slot.running, reachesHub ? "ota_1" : "ota_0");
	}
});

test("a record of a newer version stops updates, not the device, and stays as it is", () => {
	const machine = device();
	const newer = utf8('{"version":2,"more":true}');
	machine.blobs.set("ota", newer);
	const { updater, decision } = machine.boot();
	assert.equal(decision, "run");
	assert.throws(() => updater.offer(bundle(manifestOf(NEW))), isFault("store.newer"));
	assert.equal(updater.download(), undefined);
	assert.deepEqual(machine.blobs.get("ota"), newer);
});

test("fields and codes that this version does not know survive a rewrite", () => {
	const machine = device();
	const known = {
		version: 1,
		installed: 1,
		failed: [{ sequence: 9, code: "ota.of-tomorrow", more: 1 }],
		colour: "blue",
	};
	machine.blobs.set("ota", utf8(JSON.stringify(known)));
	const { updater } = machine.boot();
	updater.offer(bundle(manifestOf(NEW)));
	const { work, ...rest } = machine.record();
	assert.equal(work.sequence, 2);
	assert.deepEqual(rest, known);
});

test("a store that fails never keeps the device from running, nor a trial from ending", async () => {
	const machine = device();
	const full = (): Fault => new Fault("store.full", "full");
	const session = machine.boot();
	session.updater.offer(bundle(manifestOf(NEW)));
	write(session, NEW);
	session.updater.complete();
	session.updater.apply();
	const trial = machine.boot({ refuse: full });
	assert.equal(trial.decision, "trial");
	trial.updater.confirm();
	const next = machine.boot();
	// The refusals have cost the record; the image says what it is.
	assert.deepEqual([next.slot.running, next.slot.state, next.decision], ["ota_1", "valid", "run"]);
	assert.equal(next.updater.status.installed, 2);
	assert.equal(machine.record().installed, 2);
});

test("a record with any byte changed gives a decision, never an exception", () => {
	const machine = device();
	const session = machine.boot();
	session.updater.offer(bundle(manifestOf(NEW)));
	write(session, NEW, EDGE_BYTES);
	const record = machine.blobs.get("ota")!;
	const { integer, seed } = random();
	const decisions = new Set<string>();
	for (let round = 0; round < 1500; round++) {
		const spoiled = record.slice(0, round % 5 === 0 ? integer(record.length) : record.length);
		if (spoiled.length > 0) spoiled[integer(spoiled.length)] = integer(256);
		machine.blobs.set("ota", spoiled);
		const { updater, decision } = machine.boot();
		decisions.add(decision);
		const download = updater.download();
		assert.ok(download === undefined || download.writer.offset <= download.size, `SEED=${seed} round ${round}`);
	}
	assert.deepEqual([...decisions].sort(), ["fetch", "run"]);
});

test("a confirmation that fails leaves the deadline in place", async () => {
	const machine = device();
	const trial = toTrial(machine);
	const confirm = trial.slot.confirm;
	trial.slot.confirm = () => {
		throw new Fault("ota.flash", "worn");
	};
	assert.throws(() => trial.updater.confirm(), isFault("ota.flash"));
	assert.equal(machine.record().installed, 0);
	trial.slot.confirm = confirm;
	await trial.clock.advance(600_000);
	assert.ok(!trial.power.on);
	assert.equal(machine.boot().slot.running, "ota_0");
});

test("a device flashed by cable in the middle of a download begins again, in the slot that does not run now", () => {
	const machine = device();
	install(machine, OTHER, 1);
	const session = machine.boot();
	session.updater.offer(bundle(manifestOf(NEW)));
	write(session, NEW, EDGE_BYTES);
	assert.equal(session.slot.running, "ota_1");
	machine.slots.flash[0].set(standInImage(5));
	machine.slots.otadata = [null, null];
	const cabled = machine.boot();
	assert.deepEqual([cabled.slot.running, cabled.decision], ["ota_0", "fetch"]);
	assert.equal(cabled.updater.download()!.writer.offset, 0);
});

test("sixteen failures are remembered, and none below the floor", () => {
	const machine = device();
	const { updater } = machine.boot();
	for (let sequence = 1; sequence <= 20; sequence++) {
		updater.offer(bundle(manifestOf(NEW, { sequence })));
		updater.interrupted(new Fault("ota.flash", "worn"));
	}
	const sequences = (): number[] => machine.record().failed.map((entry: { sequence: number }) => entry.sequence);
	assert.deepEqual(
		sequences(),
		Array.from({ length: 16 }, (_, i) => i + 5),
	);
	install(machine, OTHER, 3);
	assert.equal(sequences().length, 16);
	install(machine, NEW, 21);
	assert.deepEqual(sequences(), []);
});
