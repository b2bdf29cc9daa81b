/**
 * A device with an application apart from its firmware, boot after boot, as hw/moddable/app.ts starts it. Whatever it
 * imports must be the fully mapped archive of the copy that its record names, for the firmware that runs: anything else
 * ends the test.
 */
import assert from "node:assert/strict";
import type { AppRecord } from "../../src/application/app-record.ts";
import { AppSlot } from "../../src/application/app-slot.ts";
import { equal, utf8Text } from "../../src/base/bytes.ts";
import { Fault } from "../../src/fault.ts";
import type { Half, Slot, Store } from "../../src/port.ts";
import { readUndamaged } from "../../src/store/undamaged.ts";
import { appClassUuid } from "../../src/suit/uuid.ts";
import type { BootDecision } from "../../src/update/image-trial.ts";
import { Updater } from "../../src/update/updater.ts";
import { type EngineOptions, FakeEngine, OutOfMemory } from "./app-engine.ts";
import { FakeAppFlash } from "./app-flash.ts";
import { mapped } from "./app-mapper.ts";
import { app, appBundle } from "./app-release.ts";
import { FakeClock } from "./clock.ts";
import { Power } from "./power.ts";
import { bundle, CLASS, manifestOf, RELEASE_KEY, standInImage, VENDOR } from "./release.ts";
import { FakeSlots } from "./slots.ts";
import { FakeStore, type FakeStoreOptions } from "./store.ts";

/** Applications and firmware images, small enough to live through thousands of updates. */
export const APPS: readonly Uint8Array[] = [0, 1, 2, 3].map((seed) => app(seed));
export const FIRMWARE: readonly Uint8Array[] = [0, 1].map((n) => standInImage(n, 6000));

export interface BootOptions extends Pick<EngineOptions, "version" | "memory"> {
	readonly power?: Power;
	/** The store's answer to a put. */
	readonly refuse?: FakeStoreOptions["refuse"];
	/** A change of flash that fails. */
	readonly fails?: (what: string) => boolean;
	/** The program's own timers never run. */
	readonly hangs?: boolean;
}

/** Where the device has its records; default: a bare FakeStore. */
export interface Records {
	readonly blobs: Map<string, Uint8Array>;
	readonly open: (options: FakeStoreOptions) => Store;
}

/** A boot that got as far as an agent. */
export interface Running {
	readonly power: Power;
	readonly clock: FakeClock;
	/** The application, by its number in `apps`; none runs: undefined. */
	readonly runs: number | undefined;
	/** Why not, where something failed. */
	readonly fault: Fault | undefined;
	readonly slot: AppSlot;
	/** None while the firmware is on trial. */
	readonly updater: Updater;
	readonly decision: BootDecision | undefined;
	readonly firmware: { readonly runs: number; readonly slot: Slot; readonly updater: Updater };
}

export class AppDevice {
	readonly apps: readonly Uint8Array[];
	readonly flash: FakeAppFlash;
	readonly slots: FakeSlots;
	readonly blobs: Map<string, Uint8Array>;
	/** Numbers of the applications that were imported, one for each time. */
	readonly imported: number[] = [];
	readonly #open: Records["open"];

	/** New, or as another one is now. */
	constructor(like?: AppDevice, apps = like?.apps ?? APPS, records?: Records) {
		this.apps = apps;
		this.flash = like?.flash.copy() ?? new FakeAppFlash();
		this.slots = like?.slots.copy() ?? new FakeSlots(FIRMWARE[0]!);
		this.blobs = records?.blobs ?? new Map(like?.blobs);
		this.#open = records?.open ?? ((options) => new FakeStore(options));
	}

	/** What the store has of the application. */
	get record(): AppRecord | undefined {
		const blob = readUndamaged(this.#open({ blobs: this.blobs }), "app");
		return blob && JSON.parse(utf8Text(blob));
	}

	/** Power-ups until the device stays up. */
	start(options: Omit<BootOptions, "power"> = {}): Running {
		for (let boots = 0; boots < 8; boots++) {
			const running = this.boot(options);
			if (running) return running;
		}
		throw new Error("8 boots, and it does not stay up");
	}

	/** Undefined: it went down before there was an agent. Throws PowerCut. */
	boot({ power = new Power(), refuse, fails, hangs = false, ...engineOptions }: BootOptions = {}): Running | undefined {
		const clock = new FakeClock();
		const firmwareSlot = this.slots.boot(power, clock);
		const firmware = FIRMWARE.findIndex((image) => this.slots.holds(firmwareSlot.running, image));
		assert.notEqual(firmware, -1, "no known firmware runs");
		const flash = this.flash.powered(power, fails);
		const engine = new FakeEngine({
			...engineOptions,
			flash,
			firmware,
			guard: (seconds) => firmwareSlot.guard(seconds),
			restart: () => power.cut("restart"),
		});
		const store = this.#open({ blobs: this.blobs, power, ...(refuse && { refuse }) });
		const slot = new AppSlot({ flash, engine, store });
		let runs: number | undefined;
		let fault: Fault | undefined;
		try {
			if (slot.boot(firmwareSlot.state === "trial") === "run") runs = this.#import(engine, firmware, slot);
		} catch (thrown) {
			if (thrown instanceof OutOfMemory) power.cut("abort");
			else if (thrown instanceof Fault) fault = thrown;
			else throw thrown;
		}
		if (!power.on) return undefined;

		const common = {
			store,
			clock: (hangs ? new FakeClock() : clock).powered(power),
			keys: [RELEASE_KEY.publicKey],
			vendor: VENDOR,
		};
		const beforeArming = (): void => slot.uninstall();
		const firmwareUpdater = new Updater({ ...common, slot: firmwareSlot, class: CLASS, beforeArming });
		firmwareUpdater.boot();
		const updater = new Updater({ ...common, slot, class: appClassUuid(CLASS, engine.version) });
		const decision = firmwareSlot.state === "trial" ? undefined : updater.boot();
		if (!power.on) return undefined;
		return {
			power,
			clock,
			runs,
			fault,
			slot,
			updater,
			decision,
			firmware: { runs: firmware, slot: firmwareSlot, updater: firmwareUpdater },
		};
	}

	#import(engine: FakeEngine, firmware: number, slot: AppSlot): number {
		const bytes = engine.import();
		const half = Number(slot.running.at(-1)) as Half;
		// A refusal may have cost the record: then what was confirmed runs.
		const { good = half, candidate } = this.record ?? {};
		assert.ok(half === candidate?.half || half === good);
		const runs = this.apps.findIndex((one) => equal(one, this.flash.areas[half].subarray(0, one.length)));
		assert.notEqual(runs, -1, "no known application is staged");
		assert.ok(equal(bytes, mapped(this.apps[runs]!, firmware)), `application ${runs} runs, and is not what was mapped`);
		this.imported.push(runs);
		return runs;
	}
}

/** From an offer to the restart into it. */
export function update({ updater }: Running, archive: Uint8Array, sequence: number): void {
	updater.offer(appBundle(archive, sequence));
	bring(updater, archive);
}

export function updateFirmware({ firmware: { updater } }: Running, image: Uint8Array, sequence: number): void {
	updater.offer(bundle(manifestOf(image, { sequence })));
	bring(updater, image);
}

/** Goes on with what is under way. */
export function bring(updater: Updater, image: Uint8Array): void {
	const { preview, writer, size } = updater.download()!;
	preview?.push(image);
	preview?.end();
	while (writer.offset < size) writer.write(image.subarray(writer.offset, writer.offset + 1460));
	updater.complete();
	updater.apply();
}

/** A device with a confirmed application. */
export function installed(number: number, sequence = 2, like?: AppDevice): AppDevice {
	const device = new AppDevice(like);
	update(device.start(), device.apps[number]!, sequence);
	const running = device.start();
	assert.deepEqual([running.runs, running.decision], [number, "trial"]);
	running.updater.confirm();
	running.slot.settled();
	return device;
}

export const stateOf = ({ runs, slot, updater }: Running) => {
	const { state, installed } = updater.status;
	return { runs, running: slot.running, slot: slot.state, state, installed };
};
/** Number 1, after an attempt at number 2. */
export const oldIsBack = (running: Running) =>
	assert.deepEqual(
		{ ...stateOf(running), state: undefined },
		{ runs: 1, running: "app_0", slot: "valid", installed: 2, state: undefined },
	);

/** The old one is confirmed, the new one has been offered, staged and started once. */
export function toTrial(): { device: AppDevice; running: Running } {
	const device = installed(1);
	update(device.start(), APPS[2]!, 3);
	const running = device.start();
	assert.deepEqual(stateOf(running), { runs: 2, running: "app_1", slot: "trial", state: "trial", installed: 2 });
	return { device, running };
}
