/**
 * A device with an application apart from its firmware, that takes updates of both from a local cloud: real agent, the
 * firmware's slots as files, flash and engine of the application from fake/. It boots again whenever it restarts, and what it
 * imports must be fully mapped.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cloud } from "../../cloud/cloud.ts";
import type { CloudEvent } from "../../cloud/event.ts";
import { openSlot } from "../../hw/node/slot.ts";
import { createWire } from "../../hw/node/wire.ts";
import type { Agent } from "../../src/agent.ts";
import { type Device, type Start, startApp } from "../../src/app.ts";
import { AppSlot } from "../../src/application/app-slot.ts";
import { equal } from "../../src/base/bytes.ts";
import { type ConfigInput, parseConfig } from "../../src/config.ts";
import type { Clock } from "../../src/port.ts";
import type { Manifest } from "../../src/suit/manifest.ts";
import { FakeEngine } from "../support/app-engine.ts";
import { FakeAppFlash } from "../support/app-flash.ts";
import { mapped } from "../support/app-mapper.ts";
import { appManifest } from "../support/app-release.ts";
import { configFor, type Step, withCloud } from "../support/device.ts";
import { Power } from "../support/power.ts";
import { bundle } from "../support/release.ts";
import { FakeStore } from "../support/store.ts";
import { type Reported, UPDATES } from "../support/updated.ts";
import { HeldClock } from "./app-clock.ts";

export const TRIAL_MS = 599_000;
const SETTLED_MS = 60_000;
/** From a confirmed firmware to the restart that gives the application back. */
const LEAVE_MS = 30_000;
const AREA_BYTES = 0x8000;

export interface TestApp {
	readonly name: string;
	readonly archive: Uint8Array;
	readonly start: Start;
}

/** Sends, and says that it works once that has arrived. */
export const sending = (name: string, archive: Uint8Array): TestApp => ({
	name,
	archive,
	start(device: Device) {
		device.telemetry({ from: name }, {}, (fault) => !fault && device.confirm());
		return undefined;
	},
});
/** Puts an application into the cloud's folder; its bundle's name. */
export function releaseApp(
	cloud: Cloud,
	archive: Uint8Array,
	sequence: number,
	change: Partial<Manifest> = {},
): string {
	const uri = cloud.downloads.publish(`app-${sequence}.bin`, archive);
	cloud.downloads.publish(`app-${sequence}.suit`, bundle(appManifest(archive, { uri, sequence, ...change })));
	return `app-${sequence}.suit`;
}

/** The device's report of that property, past or to come, that fits. */
export async function reportedAs(
	cloud: Cloud,
	property: "app" | "ota",
	fits: (report: Reported) => boolean,
): Promise<Reported> {
	const reportOf = (event: CloudEvent) =>
		event.event === "reported" ? (event.patch as { [property: string]: Reported })[property] : undefined;
	const found = await cloud.seen((event: CloudEvent) => {
		const report = reportOf(event);
		return report !== undefined && fits(report);
	});
	return reportOf(found)!;
}

export async function withDevice(
	apps: readonly TestApp[],
	use: (device: AppUpdatedDevice, cloud: Cloud) => Promise<void>,
	configure?: ConstructorParameters<typeof AppUpdatedDevice>[2],
): Promise<void> {
	await withCloud({}, async (cloud) => {
		const device = new AppUpdatedDevice(cloud, apps, configure);
		try {
			await reportedAs(cloud, "app", ({ state }) => state === "idle");
			await use(device, cloud);
		} finally {
			await device.stop();
		}
	});
}

export const offerApp = (cloud: Cloud, { archive }: TestApp, sequence = 2) =>
	cloud.operator.offerUpdate(cloud.registrationId, releaseApp(cloud, archive, sequence));

export async function install(cloud: Cloud, one: TestApp, sequence = 2): Promise<void> {
	offerApp(cloud, one, sequence);
	await reportedAs(cloud, "app", ({ installed }) => installed === sequence);
}

export class AppUpdatedDevice {
	/** Of each boot that has got as far as an agent: slot of the firmware and name of what runs. */
	readonly boots: string[] = [];
	readonly steps: Step[] = [];
	readonly held = new HeldClock(TRIAL_MS, SETTLED_MS);
	readonly #cloud: Cloud;
	readonly #apps: readonly TestApp[];
	readonly #configure: (slot: string) => ConfigInput;
	readonly #store = new FakeStore();
	readonly #flash = new FakeAppFlash(AREA_BYTES);
	readonly #folder = mkdtempSync(join(tmpdir(), "enrollee-app-updated-"));
	#agent: Agent | undefined;
	#isOver = false;
	#isLeaving = false;
	#wake: () => void = () => {};
	readonly #life: Promise<void>;

	/** `configure`: what the firmware in that slot is configured with, besides UPDATES. */
	constructor(cloud: Cloud, apps: readonly TestApp[], configure: (slot: string) => ConfigInput = () => ({})) {
		this.#cloud = cloud;
		this.#apps = apps;
		this.#configure = configure;
		this.#life = this.#live();
	}

	/** Such a boot has been, or will be. */
	booted(boot: string): Promise<void> {
		return this.#until(() => this.boots.includes(boot));
	}

	/** A step was logged with that code, or will be. */
	logged(code: string): Promise<void> {
		return this.#until(() => this.steps.some(({ detail }) => detail.code === code));
	}

	/** What changes with every write: how many the application's flash has had, and when each file was last written. */
	get flash(): Readonly<Record<string, number>> {
		const files = readdirSync(this.#folder).filter((name) => name.endsWith(".bin"));
		const written = files.map((name) => [name, statSync(join(this.#folder, name)).mtimeMs]);
		return { ...Object.fromEntries(written), app: this.#flash.changes };
	}

	async stop(): Promise<void> {
		this.#isOver = true;
		this.#agent?.close();
		await this.#life;
		rmSync(this.#folder, { recursive: true, force: true });
	}

	async #until(reached: () => boolean): Promise<void> {
		while (!reached())
			await Promise.race([
				this.#life,
				new Promise<void>((resolve) => {
					this.#wake = resolve;
				}),
			]);
	}

	/** As hw/moddable/app.ts. */
	async #live(): Promise<void> {
		for (let restarting = true; restarting && !this.#isOver; ) {
			restarting = false;
			let agent: Agent | undefined;
			const restart = (): void => {
				restarting = true;
				agent?.close();
			};
			const slot = openSlot({ folder: this.#folder, restart });
			const flash = this.#flash.powered(new Power());
			const firmware = slot.running === "ota_0" ? 0 : 1;
			const engine = new FakeEngine({ flash, firmware, guard: (seconds) => slot.guard(seconds), restart });
			const appSlot = new AppSlot({ flash, engine, store: this.#store });
			const booted = appSlot.boot(slot.state === "trial");
			if (booted === "restarting") continue;
			const app = booted === "run" ? this.#import(engine, firmware) : undefined;
			this.boots.push(`${slot.running} ${app?.name ?? "factory"}`);
			agent = startApp(app?.start, {
				wire: createWire(),
				store: this.#store,
				clock: this.#clock,
				entropy: { fill: (bytes) => void bytes.fill(1 + Math.random() * 250) },
				config: parseConfig(configFor(this.#cloud, { ...UPDATES, ...this.#configure(slot.running) })),
				log: (step, detail = {}) => {
					this.steps.push({ step, detail });
					this.#wake();
					this.#isLeaving ||= step === "ota.confirmed" && detail.component === "fw";
				},
				slot,
				appSlot,
				restart,
			});
			this.#agent = agent;
			if (restarting) agent.close();
			this.#wake();
			await agent.finished;
		}
	}

	#import(engine: FakeEngine, firmware: number): TestApp {
		const bytes = engine.import();
		const app = this.#apps.find(({ archive }) => equal(bytes, mapped(archive, firmware)));
		assert.ok(app, "what runs is no application that is fully mapped");
		return app;
	}

	get #clock(): Clock {
		return {
			now: this.held.now,
			ticks: this.held.ticks,
			after: (milliseconds, callback) => {
				const isOver = this.#isLeaving && milliseconds === LEAVE_MS;
				this.#isLeaving &&= !isOver;
				return this.held.after(isOver ? 0 : milliseconds, callback);
			},
		};
	}
}
