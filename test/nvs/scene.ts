/**
 * A device on ESP-IDF's own NVS, with the power cut in every place of every change of its flash. After each cut it starts again: its
 * credential, its floors and its confirmed application are what they were, or the next ones.
 */
import assert from "node:assert/strict";
import { readAppRecord } from "../../src/application/app-record.ts";
import { Fault } from "../../src/fault.ts";
import { Journal } from "../../src/identity/journal.ts";
import type { Store } from "../../src/port.ts";
import { openFlashStore } from "../../src/store/flash-store.ts";
import { PairStore } from "../../src/store/pair-store.ts";
import { Journal as UpdateJournal } from "../../src/update/update-journal.ts";
import { plainName } from "../lives/flash.ts";
import { World } from "../lives/world.ts";
import { APPS, AppDevice, FIRMWARE, type Running, update, updateFirmware } from "../support/app-device.ts";
import { random } from "../support/random.ts";
import { FakeStore } from "../support/store.ts";
import { NvsStore } from "./nvs-store.ts";
import { ServedNvs } from "./served.ts";

const HOUR_MS = 3600_000;

/** What must never get less: the sequence of the credential that has worked, both floors, whether there is an application. */
interface Standing {
	readonly credential: number;
	readonly fw: number;
	readonly xs: number;
	readonly hasApplication: boolean;
}

export interface SceneOptions {
	/** The program that serves NVS. */
	readonly program: string;
	/** The store as devices have it; else a PairStore alone, which lets NVS refuse. */
	readonly room: boolean;
	/** Of the changes of flash one in so many is cut. */
	readonly sample: number;
}

export class Scene {
	cuts = 0;
	/** What was not done for want of room. */
	refusals = 0;
	readonly nvs: ServedNvs;
	readonly #flash: NvsStore;
	readonly #source = random();
	readonly #seen = new Set<string>();
	readonly #world: World;
	readonly #store: Store;
	readonly #device: AppDevice;
	#standing: Standing = { credential: 0, fw: 0, xs: 0, hasApplication: false };
	#changes = 0;
	#proven = 0;

	constructor({ program, room, sample }: SceneOptions) {
		this.nvs = new ServedNvs(program);
		this.#flash = new NvsStore(this.nvs, (command) => {
			if (this.#changes++ % sample === 0) this.#cut(command);
		});
		const entries = (): ReturnType<NvsStore["entries"]> => this.#flash.entries();
		this.#store = room ? openFlashStore(this.#flash, false, entries) : new PairStore(this.#flash);
		const open = (): Store => this.#store;
		const OnNvs = class extends World {
			override openStore(): Store {
				return open();
			}
		};
		this.#world = new OnNvs({ source: this.#source });
		this.#world.observer = {
			onLog: (step) => {
				if (step === "credential.proven") this.#proven++;
			},
		};
		this.#device = new AppDevice(undefined, APPS, { blobs: new Map(), open });
	}

	/** Writes that were begun, and that NVS has refused. */
	get begunAndRefused(): number {
		return this.#flash.refusals;
	}

	fill(share: number): void {
		this.nvs.fill(share, this.#source);
	}

	/** Enrols, or renews the certificate. Refused for want of room, the device goes on as it was. */
	async certify(): Promise<void> {
		const wanted = this.#proven + 1;
		let isFull = false;
		const { agent } = this.#world.boot(undefined, {
			log: (step, { code } = {}) => {
				this.#world.observer.onLog?.(step, {});
				isFull ||= code === "store.full";
			},
		});
		if (this.#standing.credential > 0) agent.renew();
		await this.#world.clock.until(() => isFull || this.#proven >= wanted, 26 * HOUR_MS);
		await this.#world.clock.advance(1000);
		agent.close();
		await this.#world.clock.advance(1000);
		if (isFull) this.refusals++;
		this.#look();
	}

	/** An update of the application, or of the firmware, and its confirmation. */
	update(component: "fw" | "xs", sequence: number): void {
		try {
			const running = this.#device.start();
			const other = 1 - running.firmware.runs;
			if (component === "xs") update(running, APPS[sequence % APPS.length]!, sequence);
			else updateFirmware(running, FIRMWARE[other]!, sequence);
			this.#confirm(component);
		} catch (thrown) {
			if (!(thrown instanceof Fault && thrown.code === "store.full")) throw thrown;
			this.refusals++;
		}
		this.#look();
	}

	#confirm(component: "fw" | "xs"): void {
		const { updater, slot, firmware } = this.#device.start();
		if (component === "fw") firmware.updater.confirm();
		else {
			updater.confirm();
			slot.settled();
		}
		this.#look();
	}

	#look(): void {
		const standing = this.#read(this.#store);
		this.#judge(standing, "the story");
		this.#standing = standing;
	}

	#cut(command: string): void {
		const before = this.nvs.blobs();
		for (const { count, blobs, sparesOthers } of this.nvs.sweep(command)) {
			this.cuts += count;
			assert.ok(sparesOthers, `what others keep is lost in ${command.slice(0, 30)}`);
			const key = [...blobs].map(([name, bytes]) => `${name}=${Buffer.from(bytes).toString("latin1")}`).join();
			if (this.#seen.has(key)) continue;
			this.#seen.add(key);
			judgeRecords(command, before, blobs);
			const store = openFlashStore(new FakeStore({ blobs: new Map(blobs) }), false);
			this.#judge(this.#read(store), command.slice(0, 30));
			const after = new AppDevice(this.#device, APPS, { blobs: new Map(blobs), open: () => store });
			this.#judgeStart(after, command.slice(0, 30));
		}
	}

	/** The next starts of the device, until what is confirmed runs. */
	#judgeStart(device: AppDevice, where: string): void {
		let running: Running = device.start();
		for (let i = 0; i < 5 && running.runs === undefined; i++) running = device.start();
		if (this.#standing.hasApplication && running.firmware.slot.state !== "trial")
			assert.notEqual(running.runs, undefined, `the application is lost in ${where}`);
		assert.ok(running.updater.status.installed >= this.#standing.xs, `the floor of xs has sunk in ${where}`);
		assert.ok(running.firmware.updater.status.installed >= this.#standing.fw, `the floor of fw has sunk in ${where}`);
	}

	#judge({ credential, fw, xs, hasApplication }: Standing, where: string): void {
		const had = this.#standing;
		assert.ok(credential >= had.credential, `credential ${had.credential} is lost in ${where}`);
		assert.ok(fw >= had.fw && xs >= had.xs, `a floor has sunk in ${where}`);
		assert.ok(hasApplication || !had.hasApplication, `the application is lost in ${where}`);
	}

	/** As a boot reads it. */
	#read(store: Store): Standing {
		const { current, candidate, damages } = new Journal(store).load();
		assert.deepEqual(damages, []);
		const accepted = [current, candidate].filter((one) => one && this.#world.authority.find(one.chain[0]!)?.accepted);
		return {
			credential: Math.max(0, ...accepted.map((one) => one!.sequence)),
			fw: floorOf(store, "ota"),
			xs: floorOf(store, "ota.app"),
			hasApplication: readAppRecord(store).good !== undefined,
		};
	}
}

/** No record is lost but by its own deletion, and only the one that is being written can be another. */
function judgeRecords(command: string, before: ReadonlyMap<string, Uint8Array>, after: typeof before): void {
	const [kind, blob = ""] = command.split(" ");
	const [was, is] = [before, after].map((blobs) => new PairStore(new FakeStore({ blobs: new Map(blobs) })));
	for (const name of new Set([...before.keys()].map(plainName))) {
		const [old, now] = [was!.get(name), is!.get(name)];
		const mayChange = name === plainName(blob);
		if (mayChange && (now !== undefined || kind === "del")) continue;
		assert.deepEqual(now, old, `${name} is lost in ${command.slice(0, 30)}`);
	}
}

const floorOf = (store: Store, name: string): number =>
	new UpdateJournal(store, name, { sequence: 0, state: "valid" }).floor;
