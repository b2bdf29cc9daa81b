/**
 * Updates in a simulated life: now and then the device is offered a firmware or an application, with power cut by chance
 * in every place of it, on the flash that has its credential. Judged at every start: the floor never sinks, and an
 * application that was confirmed is never lost.
 */
import { Fault } from "../../src/fault.ts";
import { APPS, AppDevice, bring, FIRMWARE, type Running, update, updateFirmware } from "../support/app-device.ts";
import { Power, PowerCut } from "../support/power.ts";
import type { Random } from "../support/random.ts";
import type { Flash } from "./flash.ts";
import { BY_CHANCE } from "./mishaps.ts";
import type { World } from "./world.ts";

interface Offer {
	readonly component: "fw" | "xs";
	readonly image: number;
	readonly sequence: number;
	readonly isGood: boolean;
}

/** Starts in which an application may rest before it has to run again. */
const MOST_RESTS = 6;
const MOST_BOOTS = 80;

export class Updates {
	stories = 0;
	readonly #device: AppDevice;
	readonly #flash: Flash;
	readonly #source: Random;
	readonly #violation: (text: string) => void;
	readonly #fail: (writes: number) => void;
	/** Of bundles so far: each release has the next number. */
	#sequence = 0;
	readonly #floors = { fw: 0, xs: 0 };
	#hasApplication = false;

	/** `fail`: so many writes to come are refused. */
	constructor(world: World, source: Random, violation: (text: string) => void, fail: (writes: number) => void) {
		this.#fail = fail;
		this.#flash = world.flash;
		this.#device = new AppDevice(undefined, APPS, { blobs: world.flash, open: (options) => world.openStore(options) });
		this.#source = source;
		this.#violation = violation;
	}

	/** One update, to its end. Says what it was. */
	story(): string {
		const { integer } = this.#source;
		this.stories++;
		this.look();
		const component = integer(3) === 0 ? "fw" : "xs";
		const image = component === "fw" ? 1 - this.#device.start().firmware.runs : integer(APPS.length);
		const offer: Offer = { component, image, sequence: ++this.#sequence, isGood: integer(3) > 0 };
		let cuts = integer(5);
		for (let boots = 0; ; boots++) {
			if (boots === MOST_BOOTS) this.#violation("an update without an end");
			const power = new Power(cuts > 0 ? integer(integer(2) === 0 ? 20 : 400) : undefined);
			if (boots === MOST_BOOTS || this.#boot(power, offer)) break;
			// A restart is no cut.
			if (/^(before|during|after|store)/.test(power.where ?? "")) cuts--;
		}
		this.#fail(0);
		this.look();
		this.#loseOne();
		return `update: ${JSON.stringify(offer)}`;
	}

	/** The device starts, as often as it takes until an application that it has runs. */
	look(): void {
		// A device starts more often than it is looked at here: what a failed write has left undone is made up for.
		this.#fail(0);
		let running = this.#device.start();
		for (let rests = 0; this.#hasApplication && running.runs === undefined && rests < MOST_RESTS; rests++)
			running = this.#device.start();
		running.slot.settled();
		this.#judge(running);
		if (this.#hasApplication && running.runs === undefined) this.#violation("a confirmed application is lost");
	}

	/**
	 * Whether one more loss is the first: a start writes again what flash has lost, but for where there is no room at all.
	 */
	get isWhole(): boolean {
		const has = (name: string): boolean => this.#flash.read(name) !== undefined;
		const { fw, xs } = this.#floors;
		return (
			(fw === 0 || (has("ota") && has("ota.floor"))) &&
			(xs === 0 || (has("ota.app") && has("ota.app.floor"))) &&
			(!this.#hasApplication || (has("app") && has("app.good")))
		);
	}

	/** Whichever record it is, it is not the only one that says so. */
	#loseOne(): void {
		if (!this.isWhole) return;
		const names = [...this.#flash.keys()].filter((name) => /^(ota|app)/.test(name));
		const lost = names[this.#source.integer(names.length)];
		if (lost !== undefined) this.#flash.spoil(lost, undefined);
		this.look();
	}

	/** Whether the story has ended. */
	#boot(power: Power, offer: Offer): boolean {
		try {
			const running = this.#device.boot({ power });
			if (!running) return false;
			this.#judge(running);
			return this.#act(running, offer);
		} catch (thrown) {
			if (thrown instanceof PowerCut) return false;
			if (thrown instanceof Fault && thrown.room === "store") return isFull(thrown);
			throw thrown;
		}
	}

	#judge({ updater, firmware }: Running): void {
		for (const [component, { status }] of [
			["fw", firmware.updater],
			["xs", updater],
		] as const) {
			if (status.installed < this.#floors[component]) this.#violation(`the floor of ${component} has sunk`);
			this.#floors[component] = Math.max(this.#floors[component], status.installed);
		}
	}

	#act(running: Running, { component, image, sequence, isGood }: Offer): boolean {
		const { firmware, slot, power } = running;
		if (this.#source.integer(3) === 0) this.#fail(1 + this.#source.integer(3));
		const updater = component === "fw" ? firmware.updater : running.updater;
		const unfit = new Fault(component === "fw" ? "ota.rejected" : "app.failed", "by chance");
		if (firmware.slot.state === "trial") {
			if (isGood) firmware.updater.confirm();
			else firmware.updater.reject(unfit);
			this.#judge(running);
			return false;
		}
		if (slot.state === "trial" && !isGood) {
			running.updater.reject(unfit);
			return false;
		}
		if (slot.state === "trial") {
			running.updater.confirm();
			this.#hasApplication = true;
		}
		slot.settled();
		this.#judge(running);
		const { status } = updater;
		if (status.installed >= sequence || (status.state === "idle" && status.sequence === sequence && status.code))
			return true;
		try {
			if (status.state !== "idle" && status.sequence === sequence)
				bring(updater, component === "fw" ? FIRMWARE[image]! : APPS[image]!);
			else if (component === "fw") updateFirmware(running, FIRMWARE[image]!, sequence);
			else update(running, APPS[image]!, sequence);
		} catch (thrown) {
			if (!(thrown instanceof Fault)) throw thrown;
			// Refused, or given up: another release will come.
			return power.on && (thrown.room !== "store" || isFull(thrown));
		}
		return false;
	}
}

/** There is no room: another release will come when there is. */
const isFull = ({ code, message }: Fault): boolean => code === "store.full" && !message.endsWith(BY_CHANCE);
