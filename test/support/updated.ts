/** A device that takes updates from a local cloud: real agent, slots as files; it boots again whenever it restarts. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cloud } from "../../cloud/cloud.ts";
import type { UpdateOffer } from "../../cloud/downloads.ts";
import type { CloudEvent } from "../../cloud/event.ts";
import { clock } from "../../hw/node/clock.ts";
import { openSlot } from "../../hw/node/slot.ts";
import type { Agent, AgentOptions } from "../../src/agent.ts";
import type { ConfigInput } from "../../src/config.ts";
import type { Clock, Slot } from "../../src/port.ts";
import { publicKeyInfo } from "../../src/x509/key.ts";
import { encodePem } from "../../src/x509/pem.ts";
import { Device, type Step } from "./device.ts";
import { bundle, manifestOf, NEXT_KEY, RELEASE_KEY, standInImage } from "./release.ts";

const pem = (point: Uint8Array): string => encodePem("PUBLIC KEY", publicKeyInfo(point));

/** What an image must know to take updates; a trial's deadline that no other timer has. */
export const UPDATES: ConfigInput = {
	releaseKey: pem(RELEASE_KEY.publicKey),
	nextReleaseKey: pem(NEXT_KEY.publicKey),
	updateClass: "esp32/devkit/4m",
	trialSeconds: "599",
};
const TRIAL_MS = 599_000;

export const IMAGE = standInImage(2);

/** Puts a release into the cloud's folder; the bundle's name. */
export function release(cloud: Cloud, sequence = 2, key = RELEASE_KEY, image = IMAGE): string {
	const uri = cloud.downloads.publish(`agent-${sequence}.bin`, image);
	cloud.downloads.publish(`agent-${sequence}.suit`, bundle(manifestOf(image, { uri, sequence }), key));
	return `agent-${sequence}.suit`;
}

export const offer = (cloud: Cloud, sequence = 2, key = RELEASE_KEY, image = IMAGE): UpdateOffer =>
	cloud.operator.offerUpdate(cloud.registrationId, release(cloud, sequence, key, image));

/** The same of any image. */
export const offerImage = (cloud: Cloud, image: Uint8Array, sequence = 2): UpdateOffer =>
	cloud.operator.offerUpdate(cloud.registrationId, release(cloud, sequence, RELEASE_KEY, image));

export interface Reported {
	readonly state: string;
	readonly installed: number;
	readonly sequence: number | null;
	readonly code: string | null;
	readonly secureVersion?: number;
}

/** The device's report, past or to come, that fits. */
export async function reported(cloud: Cloud, fits: (ota: Reported) => boolean): Promise<Reported> {
	const ota = (event: CloudEvent) => (event.event === "reported" ? (event.patch as { ota?: Reported }).ota : undefined);
	const found = await cloud.seen((event: CloudEvent) => {
		const report = ota(event);
		return report !== undefined && fits(report);
	});
	return ota(found)!;
}

export class UpdatedDevice {
	readonly device: Device;
	/** Slot of each boot. */
	readonly boots: string[] = [];
	readonly steps: Step[] = [];
	agent!: Agent;
	/** Ends a trial: its deadline has come. */
	expire: () => void = () => {};
	readonly #folder = mkdtempSync(join(tmpdir(), "enrollee-updated-"));
	readonly #configure: (slot: Slot) => ConfigInput;
	readonly #options: Partial<AgentOptions>;
	#isOver = false;
	#life: Promise<void>;
	#wake: () => void = () => {};

	/** `configure`: what the image in that slot is configured with, besides UPDATES. `efuse`: of a chip with anti-rollback. */
	constructor(
		cloud: Cloud,
		configure: (slot: Slot) => ConfigInput = () => ({}),
		options: Partial<AgentOptions> = {},
		efuse?: number,
	) {
		if (efuse !== undefined) writeFileSync(join(this.#folder, "efuse.json"), String(efuse));
		this.device = new Device(cloud);
		this.#configure = configure;
		this.#options = options;
		this.#life = this.#live();
	}

	/** That many boots have begun. */
	booted(times: number): Promise<void> {
		return this.#until(() => this.boots.length >= times);
	}

	/** That step was logged so often. */
	logged(step: string, times: number): Promise<void> {
		return this.#until(() => this.steps.filter((one) => one.step === step).length >= times);
	}

	async stop(): Promise<void> {
		this.#isOver = true;
		this.agent.close();
		await this.#life;
		rmSync(this.#folder, { recursive: true, force: true });
	}

	async #until(reached: () => boolean): Promise<void> {
		while (!reached())
			await new Promise<void>((resolve) => {
				this.#wake = resolve;
			});
	}

	async #live(): Promise<void> {
		for (let restarting = true; restarting && !this.#isOver; ) {
			restarting = false;
			const slot = openSlot({
				folder: this.#folder,
				restart: () => {
					restarting = true;
					this.agent.close();
				},
			});
			this.agent = this.device.boot(
				{ ...UPDATES, ...this.#configure(slot) },
				{
					slot,
					clock: this.#clock,
					entropy: { fill: (bytes) => void bytes.fill(1 + Math.random() * 250) },
					log: (step, detail = {}) => {
						this.steps.push({ step, detail });
						this.#wake();
					},
					...this.#options,
				},
			);
			this.boots.push(slot.running);
			this.#wake();
			await this.agent.finished;
		}
	}

	/** The system's, but a trial's deadline comes when the test says so. */
	get #clock(): Clock {
		return {
			...clock,
			after: (milliseconds, callback) => {
				if (milliseconds !== TRIAL_MS) return clock.after(milliseconds, callback);
				this.expire = callback;
				return () => {
					this.expire = () => {};
				};
			},
		};
	}
}
