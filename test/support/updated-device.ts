/** A device that takes updates, boot after boot, with what a bundle does to it in short. */
import assert from "node:assert/strict";
import { utf8Text } from "../../src/base/bytes.ts";
import type { Fault } from "../../src/fault.ts";
import { Updater } from "../../src/update/updater.ts";
import { FakeClock } from "./clock.ts";
import { Power } from "./power.ts";
import { bundle, CLASS, manifestOf, NEXT_KEY, RELEASE_KEY, standInImage, VENDOR } from "./release.ts";
import { FakeSlots } from "./slots.ts";
import { FakeStore } from "./store.ts";

export const OLD = standInImage(1);
/** Sequence number 2 is built into it. */
export const NEW = standInImage(2, undefined, undefined, 2);
export const OTHER = standInImage(3);

export interface BootOptions {
	/** The store's answer to a put. */
	readonly refuse?: () => Fault | undefined;
	/** Whether the bootloader keeps trials. */
	readonly rollback?: boolean;
	/** The program's own timers never run. */
	readonly hangs?: boolean;
}

/** A device that is booted again and again. */
export function device(keys = [RELEASE_KEY.publicKey, NEXT_KEY.publicKey]) {
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

export type Machine = ReturnType<typeof device>;
export type Booted = ReturnType<Machine["boot"]>;

export function write({ updater }: Booted, image: Uint8Array, until = image.length): void {
	const { writer } = updater.download()!;
	while (writer.offset < until) writer.write(image.subarray(writer.offset, Math.min(until, writer.offset + 1000)));
}

/** From an offer to a confirmed image. */
export function install(machine: Machine, image: Uint8Array, sequence: number): void {
	const before = machine.boot();
	before.updater.offer(bundle(manifestOf(image, { sequence })));
	write(before, image);
	before.updater.complete();
	before.updater.apply();
	const after = machine.boot();
	assert.equal(after.decision, "trial");
	after.updater.confirm();
}

/** As far as the first boot of the new image. */
export function toTrial(machine: Machine, options: BootOptions = {}): Booted {
	const session = machine.boot(options);
	session.updater.offer(bundle(manifestOf(NEW)));
	write(session, NEW);
	session.updater.complete();
	session.updater.apply();
	assert.ok(!session.power.on);
	return machine.boot(options);
}
