/**
 * A device in the simulator against a local cloud: its flash is a folder, its power can be cut, and what it logs and what
 * the cloud sees of it since its boot can be awaited.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cloud } from "../../cloud/cloud.ts";
import type { CloudEvent } from "../../cloud/event.ts";
import { openStore } from "../../hw/node/store.ts";
import type { App } from "../../hw/simulator/harness.ts";
import { environmentOf } from "../../hw/simulator/settings.ts";
import { Journal, type Journaled } from "../../src/identity/journal.ts";
import type { Clock } from "../../src/port.ts";
import { Device } from "../support/device.ts";

export class Simulated {
	readonly #app: App;
	readonly #cloud: Cloud;
	readonly flash: string = mkdtempSync(join(tmpdir(), "enrollee-renewal-"));
	#power = new AbortController();
	#run: Promise<unknown> = Promise.resolve();
	/** Of this boot. */
	#lines: string[] = [];
	/** Events of the cloud before this boot. */
	#since = 0;
	#onLine: () => unknown = () => {};

	constructor(app: App, cloud: Cloud) {
		this.#app = app;
		this.#cloud = cloud;
	}

	get journal(): Journaled {
		return new Journal(openStore(this.flash)).load();
	}

	/** The journal's files. */
	get credentials(): string[] {
		return readdirSync(this.flash)
			.filter((name) => name.startsWith("cred."))
			.sort();
	}

	boot(settings: Readonly<Record<string, string>> = {}): void {
		this.#power = new AbortController();
		this.#lines = [];
		this.#since = this.#cloud.events.length;
		this.#run = this.#app.run({
			power: this.#power.signal,
			onLine: (line) => {
				this.#lines.push(line);
				this.#onLine();
			},
			environment: {
				...environmentOf(this.#cloud, this.flash),
				...settings,
			},
		});
	}

	async powerOff(): Promise<void> {
		this.#power.abort();
		await this.#run;
	}

	/** It has ended by itself, as a restart does. */
	async ended(): Promise<void> {
		await this.#run;
	}

	async remove(): Promise<void> {
		await this.powerOff();
		rmSync(this.flash, { recursive: true, force: true });
	}

	/** A step of this boot, logged or yet to be. */
	async log(step: string): Promise<void> {
		const logged = new Promise<void>((resolve) => {
			this.#onLine = () => this.#lines.some((line) => line.includes(` s  ${step}`)) && resolve();
			this.#onLine();
		});
		await this.#alive(logged, step);
	}

	/** How often this boot has logged a step so far. */
	count(step: string): number {
		return this.#lines.filter((line) => line.includes(` s  ${step}`)).length;
	}

	/** Listens for methods. */
	async methods(): Promise<void> {
		await this.#seen((event) => event.event === "subscribed" && event.filter.startsWith("$iothub/methods"), "methods");
	}

	async reported(fits: (certificate: { serial?: string; lastFault?: string }) => boolean): Promise<void> {
		const certificateOf = (patch: unknown) => (patch as { certificate?: object }).certificate ?? {};
		await this.#seen((event) => event.event === "reported" && fits(certificateOf(event.patch)), "report");
	}

	async renew(): Promise<void> {
		const outcome = await this.#cloud.operator.callMethod(this.#cloud.registrationId, "enrollee.renew");
		assert.deepEqual("status" in outcome && outcome.status, 202);
	}

	/** Enrols and works once at another time. */
	async enrolInNode(then: Clock): Promise<void> {
		const device = new Device(this.#cloud);
		assert.equal((await device.once({}, { clock: then })).fault, undefined);
		for (const [name, bytes] of device.store.blobs) writeFileSync(join(this.flash, name), bytes);
	}

	/** The cloud saw it since this boot. */
	async #seen(fits: (event: CloudEvent) => boolean, what: string): Promise<void> {
		const { events } = this.#cloud;
		const since = this.#since;
		await this.#alive(
			this.#cloud.seen((event) => events.indexOf(event) >= since && fits(event)),
			what,
		);
	}

	/** Fails with the whole log when the device ends first. */
	async #alive(happening: Promise<unknown>, what: string): Promise<void> {
		const ended = this.#run.then(() => assert.fail(`ended without ${what}\n${this.#lines.join("\n")}`));
		await Promise.race([happening, ended]);
	}
}
