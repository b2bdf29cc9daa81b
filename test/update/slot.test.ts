/** Slots as files: what ESP-IDF's bootloader does with two entries of otadata, and what the flash refuses. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sha256 } from "../../hw/node/digest.ts";
import { openSlot } from "../../hw/node/slot.ts";
import { Fault } from "../../src/fault.ts";
import type { Slot } from "../../src/port.ts";
import { readBack } from "../../src/update/readback.ts";
import { isFault } from "../support/random.ts";
import { standInImage } from "../support/release.ts";

const BYTES = 0x10000;
const IMAGE = standInImage(1, 8192);

function machine() {
	const folder = mkdtempSync(join(tmpdir(), "slots-"));
	let restarts = 0;
	const powerUp = (): Slot => openSlot({ folder, bytes: BYTES, restart: () => void restarts++ });
	const otadata = (): unknown => JSON.parse(readFileSync(join(folder, "otadata.json"), "utf8"));
	return { folder, powerUp, otadata, restarts: () => restarts };
}

function put(slot: Slot, image: Uint8Array): void {
	slot.prepare();
	slot.erase(0, 12288);
	slot.write(0, image);
}

test("an image that is armed runs on trial once; what resets without a confirmation is aborted", () => {
	const { powerUp, otadata, restarts } = machine();
	const first = powerUp();
	assert.deepEqual([first.running, first.state, first.bytes, first.component], ["ota_0", "valid", BYTES, "fw"]);
	put(first, IMAGE);
	first.arm();
	assert.equal(restarts(), 0, "arming is no restart");
	const trial = powerUp();
	assert.deepEqual([trial.running, trial.state], ["ota_1", "trial"]);
	assert.throws(() => trial.arm(), isFault("ota.busy"));
	const back = powerUp();
	assert.deepEqual([back.running, back.state], ["ota_0", "valid"]);
	assert.deepEqual(otadata(), [
		{ sequence: 1, state: "valid" },
		{ sequence: 2, state: "aborted" },
	]);
});

test("a confirmed image stays, across restarts and through the next update", () => {
	const { powerUp, otadata } = machine();
	put(powerUp(), IMAGE);
	powerUp().arm();
	powerUp().confirm();
	const confirmed = powerUp();
	assert.deepEqual([confirmed.running, confirmed.state], ["ota_1", "valid"]);
	put(confirmed, standInImage(2, 8192));
	confirmed.arm();
	assert.equal(powerUp().running, "ota_0");
	const back = powerUp();
	assert.deepEqual([back.running, back.state], ["ota_1", "valid"]);
	assert.deepEqual(otadata(), [
		{ sequence: 3, state: "aborted" },
		{ sequence: 2, state: "valid" },
	]);
});

test("a rejected image is marked where another one is vouched for, and goes at the restart where not", () => {
	const { powerUp, otadata, restarts } = machine();
	put(powerUp(), IMAGE);
	powerUp().arm();
	powerUp().revert();
	assert.equal(restarts(), 1);
	assert.equal(powerUp().running, "ota_0");
	assert.deepEqual(otadata(), [
		{ sequence: 1, state: "valid" },
		{ sequence: 2, state: "invalid" },
	]);
	powerUp().arm();
	powerUp().confirm();
	const second = powerUp();
	put(second, standInImage(2, 8192));
	second.arm();
	powerUp().revert();
	assert.deepEqual(otadata(), [
		{ sequence: 3, state: "invalid" },
		{ sequence: 2, state: "valid" },
	]);
	assert.equal(powerUp().running, "ota_1");
	assert.throws(() => machine().powerUp().revert(), isFault("ota.flash"));
});

test("an image that is no longer sound is passed over", () => {
	const { folder, powerUp } = machine();
	put(powerUp(), IMAGE);
	powerUp().arm();
	powerUp().confirm();
	const spoiled = readFileSync(join(folder, "ota_1.bin"));
	spoiled[5000]! ^= 1;
	writeFileSync(join(folder, "ota_1.bin"), spoiled);
	assert.equal(powerUp().running, "ota_0");
	assert.throws(() => powerUp().arm(), isFault("ota.image"));
});

test("the flash refuses what flash cannot do", () => {
	const { folder, powerUp } = machine();
	const slot = powerUp();
	assert.deepEqual(slot.read(0, 16), new Uint8Array(16).fill(0xff));
	slot.erase(0, 4096);
	slot.write(0, Uint8Array.of(1, 2, 3));
	assert.throws(() => slot.write(2, Uint8Array.of(1)), isFault("ota.flash"), "over data");
	assert.throws(() => slot.erase(1, 4096), isFault("ota.flash"), "offset");
	assert.throws(() => slot.erase(0, 100), isFault("ota.flash"), "length");
	assert.throws(() => slot.erase(BYTES, 4096), isFault("ota.flash"), "outside");
	assert.throws(() => slot.read(BYTES - 1, 2), isFault("ota.flash"), "outside");
	assert.throws(() => slot.write(-1, Uint8Array.of(1)), isFault("ota.flash"), "outside");
	assert.ok(existsSync(join(folder, "ota_1.bin")));
	assert.throws(() => openSlot({ folder: join(folder, "ota_1.bin"), restart() {} }), isFault("ota.flash"), "no folder");
});

test("anti-rollback: what is below the eFuse is not armed and does not boot; a confirmed image raises it", () => {
	const { folder, powerUp } = machine();
	const efuse = join(folder, "efuse.json");
	assert.equal(powerUp().antiRollback, undefined);
	writeFileSync(efuse, "0");
	const image = (secureVersion: number): Uint8Array => standInImage(secureVersion, 8192, 0, 0, secureVersion);
	const first = powerUp();
	assert.deepEqual(first.antiRollback, { version: 0, most: 16 });
	put(first, image(2));
	first.arm();
	assert.equal(readFileSync(efuse, "utf8"), "0", "a trial burns nothing");
	const trial = powerUp();
	trial.confirm();
	assert.deepEqual([trial.running, trial.antiRollback?.version], ["ota_1", 2]);
	// The one before is below it: there is no way back to it any more.
	assert.throws(() => trial.revert(), isFault("ota.flash"));
	put(trial, image(1));
	assert.throws(() => trial.arm(), isFault("ota.secure-version"));
	put(trial, image(17));
	trial.arm();
	assert.throws(() => powerUp().confirm(), isFault("ota.flash"), "no bits for it");
	assert.equal(readFileSync(efuse, "utf8"), "2");
});

test("what is read back is inspected to its end, and digested whatever the inspection says", () => {
	const slot = machine().powerUp();
	put(slot, IMAGE);
	for (const refuses of ["push", "end", undefined]) {
		let seen = 0;
		const refuse = (where: string): void => {
			if (where === refuses) throw new Fault("ota.image", where);
		};
		const inspection = {
			push(bytes: Uint8Array) {
				seen += bytes.length;
				refuse("push");
			},
			end: () => refuse("end"),
		};
		const reading: Pick<Slot, "inspect" | "read"> = {
			inspect: () => inspection,
			read: (at, size) => slot.read(at, size),
		};
		const { digest, unfit } = readBack(reading as Slot, IMAGE.length);
		assert.deepEqual(digest, sha256(IMAGE));
		assert.equal(unfit?.message, refuses && `ota.image: ${refuses}`);
		assert.ok(refuses === "push" || seen === IMAGE.length);
	}
});
