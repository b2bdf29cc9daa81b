/**
 * The floor: no older bundle comes in, whatever flash has lost of the three places that say it: the update record, its copy,
 * the number built into the image that runs.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../src/fault.ts";
import { bundle, manifestOf, standInImage } from "../support/release.ts";
import { device, install, type Machine, NEW, OLD } from "../support/updated-device.ts";

const code = (action: () => void): string | undefined => {
	try {
		action();
		return undefined;
	} catch (thrown) {
		return Fault.of(thrown, "agent.failed").code;
	}
};
const offer = (machine: Machine, sequence: number): string | undefined =>
	code(() => machine.boot().updater.offer(bundle(manifestOf(OLD, { sequence }))));

/** `sequence`: of the running image, as it says itself. */
function installed(sequence: number): Machine {
	const machine = device();
	install(machine, standInImage(7, 8192, 0, sequence), 7);
	return machine;
}

test("any two of the three places may be lost, or damaged, and the floor stands; one by one they come back", () => {
	for (const spoil of [
		(machine: Machine, name: string) => machine.blobs.delete(name),
		(machine: Machine, name: string) => machine.blobs.set(name, Uint8Array.of(0x7b)),
		(machine: Machine, name: string) => machine.blobs.set(name, Uint8Array.of(0xff, 0x20)),
	]) {
		for (const [own, ...lost] of [
			[7, "ota"],
			[7, "ota.floor"],
			[7, "ota", "ota.floor"],
			[0, "ota"],
			[0, "ota.floor"],
		] as const) {
			const machine = installed(own);
			for (const name of lost) spoil(machine, name);
			assert.equal(offer(machine, 6), "ota.sequence", `${own} ${lost}`);
			assert.equal(offer(machine, 7), "ota.sequence", `${own} ${lost}`);
			assert.equal(machine.boot().updater.status.installed, 7);
			// Now the other one.
			const other = lost[0] === "ota" ? "ota.floor" : "ota";
			spoil(machine, other);
			assert.equal(offer(machine, 7), "ota.sequence", `${own} ${lost}, then ${other}`);
			assert.equal(offer(machine, 8), undefined);
		}
	}
});

test("a copy whose digits have changed is none: a floor out of nowhere would refuse updates for ever", () => {
	const machine = installed(7);
	const copy = machine.blobs.get("ota.floor")!;
	for (let at = 0; at < copy.length; at++) {
		const spoiled = copy.slice();
		// The 9 of a higher floor; where there is one, another digit.
		spoiled[at] = spoiled[at] === 0x39 ? 0x38 : 0x39;
		machine.blobs.set("ota.floor", spoiled);
		assert.equal(machine.boot().updater.status.installed, 7);
	}
});

test("what is on trial does not raise the floor: the image before it may come back, and take the same bundle again", () => {
	const machine = installed(7);
	const before = machine.boot();
	before.updater.offer(bundle(manifestOf(NEW, { sequence: 9 })));
	machine.blobs.delete("ota");
	// Armed by hand, without a word in the store: what a lost record leaves.
	const { slot } = machine.boot();
	const image = standInImage(9, 8192, 0, 9);
	slot.erase(0, 8192 + 4096);
	slot.write(0, image);
	slot.arm();
	const trial = machine.boot();
	assert.equal(trial.decision, "trial");
	assert.equal(trial.updater.status.installed, 7);
	assert.equal(machine.boot().updater.status.installed, 7);
});

test("a trial whose record flash has lost raises the floor all the same when it is confirmed", () => {
	const machine = installed(7);
	const { slot } = machine.boot();
	slot.erase(0, 8192 + 4096);
	slot.write(0, standInImage(9, 8192, 0, 9));
	slot.arm();
	const trial = machine.boot();
	trial.updater.confirm();
	assert.equal(offer(machine, 8), "ota.sequence");
	assert.equal(machine.record().installed, 9);
});

test("a device that settled writes nothing at its next boots", () => {
	const machine = installed(0);
	machine.boot();
	assert.equal(machine.boot().store.writes, 0);
});
