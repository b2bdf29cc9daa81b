/** The update's state machine: what is refused before flash is touched, resuming, retries, trials, the record. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, utf8, utf8Text } from "../src/bytes.ts";
import { Fault, type FaultCode } from "../src/fault.ts";
import type { Manifest } from "../src/ota/manifest.ts";
import { Updater } from "../src/ota/update.ts";
import { nameUuid } from "../src/ota/uuid.ts";
import { EDGE_BYTES } from "../src/ota/writer.ts";
import { FakeClock } from "./fake/clock.ts";
import { Power } from "./fake/power.ts";
import { isFault, random } from "./fake/random.ts";
import { bundle, CLASS, FOREIGN_KEY, manifestOf, NEXT_KEY, RELEASE_KEY, standInImage, VENDOR } from "./fake/release.ts";
import { FakeSlots } from "./fake/slots.ts";
import { FakeStore } from "./fake/store.ts";

const OLD = standInImage(1);
const NEW = standInImage(2);
const OTHER = standInImage(3);

interface BootOptions {
	/** The store's answer to a put. */
	readonly refuse?: () => Fault | undefined;
	/** Whether the bootloader keeps trials. */
	readonly rollback?: boolean;
	/** The program's own timers never run. */
	readonly hangs?: boolean;
}

/** A device that is booted again and again. */
function device(keys = [RELEASE_KEY.publicKey, NEXT_KEY.publicKey]) {
	const slots = new FakeSlots(OLD);
	const blobs = new Map<string, Uint8Array>();
	const boot = ({ refuse = () => undefined, rollback = true, hangs = false }: BootOptions = {}) => {
		const power = new Power();
		const clock = new FakeClock();
		const slot = slots.boot(power, clock, rollback);
		const store = new FakeStore({ blobs, power, refuse });
		const updater = new Updater({
			slot,
			store,
			clock: hangs ? new FakeClock() : clock,
			keys,
			vendor: VENDOR,
			class: CLASS,
		});
		return { power, clock, slot, store, updater, decision: updater.boot() };
	};
	const record = () => JSON.parse(utf8Text(blobs.get("ota")!));
	return { slots, blobs, boot, record };
}

type Booted = ReturnType<ReturnType<typeof device>["boot"]>;

function write({ updater }: Booted, image: Uint8Array, until = image.length): void {
	const { writer } = updater.download()!;
	while (writer.offset < until) writer.write(image.subarray(writer.offset, Math.min(until, writer.offset + 1000)));
}

/** From an offer to a confirmed image. */
function install(machine: ReturnType<typeof device>, image: Uint8Array, sequence: number): void {
	const before = machine.boot();
	before.updater.offer(bundle(manifestOf(image, { sequence })));
	write(before, image);
	before.updater.complete();
	before.updater.apply();
	const after = machine.boot();
	assert.equal(after.decision, "trial");
	after.updater.confirm();
}

test("whatever is not meant for this device is refused before flash and store are touched", () => {
	const machine = device();
	install(machine, NEW, 5);
	const { updater } = machine.boot();
	const changes = machine.slots.changes;
	const record = machine.blobs.get("ota");
	const offer = (change: Partial<Manifest>, code: FaultCode, key = RELEASE_KEY): void =>
		assert.throws(() => updater.offer(bundle(manifestOf(OTHER, { sequence: 6, ...change }), key)), isFault(code), code);
	offer({ sequence: 5 }, "ota.sequence");
	offer({ sequence: 4 }, "ota.sequence");
	offer({ vendor: nameUuid(VENDOR, "x") }, "ota.class");
	offer({ class: nameUuid(VENDOR, "esp32/devkit/8m") }, "ota.class");
	offer({ component: [utf8("xs")] }, "ota.class");
	offer({ component: [utf8("fw"), fromHex("00")] }, "ota.class");
	offer({ component: [] }, "ota.class");
	offer({ size: FakeSlots.BYTES + 1 }, "ota.too-large");
	for (const uri of [
		"http://a.example/x",
		"https://a.example",
		"https://u@a.example/x",
		"https://a.example/x#y",
		"/x",
		"",
	])
		offer({ uri }, "ota.uri");
	offer({}, "ota.signature", FOREIGN_KEY);
	assert.throws(
		() => updater.offer(bundle(manifestOf(OTHER, { sequence: 6 })), 7),
		isFault("ota.sequence"),
		"another number",
	);
	assert.throws(() => updater.offer(bundle(manifestOf(OTHER, { sequence: 6 })).slice(1)), isFault("ota.format"));
	assert.throws(() => updater.admit(5), isFault("ota.sequence"));
	assert.equal(machine.slots.changes, changes);
	assert.equal(machine.blobs.get("ota"), record);
	updater.offer(bundle(manifestOf(OTHER, { sequence: 6, size: FakeSlots.BYTES }), NEXT_KEY));
	assert.equal(machine.slots.changes, changes, "an accepted offer does not touch flash either");
});

test("without a release key there are no updates", () => {
	const { updater } = device([]).boot();
	assert.throws(() => updater.offer(bundle(manifestOf(NEW))), isFault("ota.disabled"));
});

test("the offset is kept every 64 KiB, and a reset goes on from there", () => {
	const machine = device();
	const first = machine.boot();
	first.updater.offer(bundle(manifestOf(NEW)));
	const puts = first.store.writes;
	write(first, NEW, 2 * EDGE_BYTES + 5000);
	assert.equal(first.store.writes - puts, 2);
	const second = machine.boot();
	assert.equal(second.decision, "fetch");
	assert.equal(second.updater.download()!.writer.offset, 2 * EDGE_BYTES);
	write(second, NEW);
	second.updater.complete();
	assert.deepEqual(second.updater.status, { state: "staged", installed: 0, sequence: 2, progress: 100 });
});

test("a download goes on for the same image under another number and another URI, and begins again for another image", () => {
	const machine = device();
	const session = machine.boot();
	const { updater } = session;
	updater.offer(bundle(manifestOf(NEW)));
	write(session, NEW, EDGE_BYTES);
	updater.offer(bundle(manifestOf(NEW, { sequence: 3, uri: "https://mirror.example.com/x?sig=1" })));
	const again = updater.download()!;
	assert.equal(again.writer.offset, EDGE_BYTES);
	assert.equal(again.uri, "https://mirror.example.com/x?sig=1");
	updater.offer(bundle(manifestOf(OTHER, { sequence: 4 })));
	assert.equal(updater.download()!.writer.offset, 0);
});

test("while the other slot is written it has no right to boot", () => {
	const machine = device();
	install(machine, NEW, 2);
	install(machine, OTHER, 3);
	assert.deepEqual(machine.slots.otadata.map((entry) => entry?.sequence).sort(), [2, 3]);
	const session = machine.boot();
	session.updater.offer(bundle(manifestOf(NEW, { sequence: 4 })));
	assert.equal(machine.slots.otadata.filter((entry) => entry !== null).length, 2);
	write(session, NEW, 4096);
	assert.deepEqual(machine.slots.otadata.map((entry) => entry?.sequence ?? 0).sort(), [0, 3]);
});

test("what does not begin like an image for this chip is refused before the first erase", () => {
	for (const image of [new Uint8Array(20_000).fill(0x3c), standInImage(2, 20_000, 9), Uint8Array.of(0xe9, 1, 2, 3)]) {
		const machine = device();
		const session = machine.boot();
		session.updater.offer(bundle(manifestOf(image)));
		assert.throws(
			() => write(session, image),
			(thrown) => {
				session.updater.interrupted(thrown as Fault);
				return isFault("ota.image")(thrown);
			},
		);
		assert.equal(machine.slots.changes, 0);
		assert.throws(() => session.updater.admit(2), isFault("ota.failed-before"));
	}
});

test("more bytes than signed are refused", () => {
	const session = device().boot();
	session.updater.offer(bundle(manifestOf(NEW)));
	const { writer } = session.updater.download()!;
	assert.throws(() => writer.write(new Uint8Array(NEW.length + 1)), isFault("ota.length"));
});

test("another image of the same length is found out in flash, and given up after three downloads", () => {
	const machine = device();
	const { updater, ...rest } = machine.boot();
	updater.offer(bundle(manifestOf(NEW)));
	for (let attempt = 1; attempt <= 3; attempt++) {
		assert.equal(updater.download()!.writer.offset, 0);
		write({ updater, ...rest }, OTHER);
		assert.throws(() => updater.complete(), isFault("ota.digest"));
	}
	assert.equal(updater.download(), undefined);
	assert.deepEqual(updater.status, { state: "idle", installed: 0, sequence: 2, code: "ota.digest" });
	assert.throws(() => updater.offer(bundle(manifestOf(NEW))), isFault("ota.failed-before"));
	updater.offer(bundle(manifestOf(NEW, { sequence: 3 })));
});

test("a bit that flips in flash is found out", () => {
	const machine = device();
	const session = machine.boot();
	session.updater.offer(bundle(manifestOf(NEW)));
	write(session, NEW);
	machine.slots.flash[1][NEW.length - 1]! ^= 1;
	assert.throws(() => session.updater.complete(), isFault("ota.digest"));
	assert.throws(() => session.updater.apply(), isFault("ota.busy"));
});

test("downloads that bring nothing are given up after eight, those that bring something are not", () => {
	const session = device().boot();
	const { updater } = session;
	const reset = new Fault("wire.closed", "reset");
	updater.offer(bundle(manifestOf(NEW)));
	for (let n = 0; n < 7; n++) updater.interrupted(reset);
	write(session, NEW, EDGE_BYTES);
	for (let n = 0; n < 7; n++) updater.interrupted(reset);
	assert.equal(updater.download()!.writer.offset, EDGE_BYTES);
	assert.equal(updater.status.code, "wire.closed");
	updater.interrupted(reset);
	assert.equal(updater.download(), undefined);
	updater.offer(bundle(manifestOf(NEW)));
	updater.interrupted(new Fault("ota.length", "not to be repeated"));
	assert.equal(updater.download(), undefined);
});

test("an image that the platform refuses is not armed", () => {
	const broken = standInImage(2);
	broken[broken.length - 1]! ^= 1;
	const machine = device();
	const session = machine.boot();
	session.updater.offer(bundle(manifestOf(broken)));
	write(session, broken);
	session.updater.complete();
	assert.throws(() => session.updater.apply(), isFault("ota.image"));
	assert.ok(session.power.on);
	assert.equal(machine.boot().slot.running, "ota_0");
	assert.throws(() => machine.boot().updater.admit(2), isFault("ota.failed-before"));
});

function toTrial(machine: ReturnType<typeof device>, options: BootOptions = {}): Booted {
	const session = machine.boot(options);
	session.updater.offer(bundle(manifestOf(NEW)));
	write(session, NEW);
	session.updater.complete();
	session.updater.apply();
	assert.ok(!session.power.on);
	return machine.boot(options);
}

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
	toTrial(machine, { rollback: false });
	for (let boots = 2; boots <= 3; boots++) {
		const trial = machine.boot({ rollback: false });
		assert.deepEqual([trial.slot.running, trial.slot.state, trial.decision], ["ota_1", "unknown", "trial"]);
	}
	assert.equal(machine.boot({ rollback: false }).power.on, false);
	const back = machine.boot({ rollback: false });
	assert.deepEqual([back.slot.running, back.decision, back.updater.status.code], ["ota_0", "run", "ota.aborted"]);
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
	assert.deepEqual([next.slot.running, next.slot.state, next.decision], ["ota_1", "valid", "trial"]);
	next.updater.confirm();
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
