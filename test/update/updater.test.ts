/** Updates up to the restart: what is refused before flash is touched, resuming, retries, what is found out in flash. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, utf8 } from "../../src/base/bytes.ts";
import { Fault, type FaultCode } from "../../src/fault.ts";
import type { Manifest } from "../../src/suit/manifest.ts";
import { nameUuid } from "../../src/suit/uuid.ts";
import { EDGE_BYTES } from "../../src/update/writer.ts";
import { isFault } from "../support/random.ts";
import { bundle, FOREIGN_KEY, manifestOf, NEXT_KEY, RELEASE_KEY, standInImage, VENDOR } from "../support/release.ts";
import { FakeSlots } from "../support/slots.ts";
import { device, install, NEW, OTHER, write } from "../support/updated-device.ts";

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
		"https://a.example\\x",
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
		const { changes } = machine.slots;
		session.updater.offer(bundle(manifestOf(image)));
		assert.throws(
			() => write(session, image),
			(thrown) => {
				session.updater.interrupted(thrown as Fault);
				return isFault("ota.image")(thrown);
			},
		);
		assert.equal(machine.slots.changes, changes);
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

test("all of the digest counts: an image for one that differs in any byte is another", () => {
	const { digest } = manifestOf(NEW);
	for (const at of [0, 3, 4, 15, 31]) {
		const changed = digest.slice();
		changed[at]! ^= 1;
		const session = device().boot();
		session.updater.offer(bundle(manifestOf(NEW, { digest: changed })));
		write(session, NEW);
		assert.throws(() => session.updater.complete(), isFault("ota.digest"), `byte ${at}`);
	}
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
