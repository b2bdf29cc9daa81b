/**
 * Updates over the air: of the firmware, and of the application that it runs where there is a slot for one. A new firmware is
 * confirmed once the hub has acknowledged something that it sent; a new application confirms itself.
 *
 * The application is taken away before another firmware runs, and given back when that is confirmed or has gone back.
 */
import type { Fault } from "../fault.ts";
import type { FeatureOptions } from "../hub/features.ts";
import type { MethodHandlers } from "../hub/methods.ts";
import type { Outlet } from "../hub/operations.ts";
import type { Slot } from "../port.ts";
import { appClassUuid } from "../suit/uuid.ts";
import { Component, type ComponentOptions } from "./component.ts";
import { OneAtATime } from "./one-at-a-time.ts";
import { Pressure } from "./pressure.ts";

/** The slot of an application (src/application/app-slot.ts), as far as it is needed here. */
export interface ApplicationSlot extends Slot {
	/** Of the engine that maps its archives. */
	readonly version: string;
	/** Before another firmware runs. */
	uninstall(): void;
}

export interface UpdatesOptions extends Omit<ComponentOptions, "slot" | "class" | "beforeArming" | "onConfirmed"> {
	/** Of the firmware. */
	readonly slot?: Slot | undefined;
	readonly appSlot?: ApplicationSlot | undefined;
	/** Restarts the device, and with it the application. */
	readonly restart?: (() => void) | undefined;
}

/** For the report of a confirmed firmware to leave before the restart that gives the application back. */
const LEAVE_MS = 30_000;

export class Updates {
	readonly #components: Component[] = [];
	#app: Component | undefined;
	readonly #pressure: Pressure;
	/** A certificate is being asked for. */
	#rests = false;

	/** The boot's decisions are made here. On a device an image that is unfit does not return. */
	constructor(given: UpdatesOptions) {
		const options = { ...given, wire: new OneAtATime(given.wire) };
		const { slot, appSlot, config, clock, restart } = options;
		this.#pressure = new Pressure(clock, () => this.#look());
		if (slot) {
			const onConfirmed = appSlot && (() => void clock.after(LEAVE_MS, () => restart?.()));
			const beforeArming = appSlot && (() => appSlot.uninstall());
			this.#components.push(
				new Component({ ...options, slot, class: config.updates.class, beforeArming, onConfirmed }),
			);
		}
		// While a firmware is on trial the application rests, and so do its updates.
		if (appSlot && slot?.state !== "trial") {
			const appClass = appClassUuid(config.updates.class, appSlot.version);
			this.#app = new Component({ ...options, slot: appSlot, class: appClass });
			this.#components.push(this.#app);
		}
	}

	get methods(): MethodHandlers {
		return Object.assign({}, ...this.#components.map((component) => component.methods));
	}

	/** The agent's callback for desired properties: the application's, after a look for offers. */
	watch(next: FeatureOptions["onDesired"]): FeatureOptions["onDesired"] {
		return this.#components.reduce((inner, component) => component.watch(inner), next);
	}

	/** A session is open, under a certificate of that day, ms since 1970. */
	connected(outlet: Pick<Outlet, "report">, notBefore: number): void {
		this.#rests = false;
		for (const component of this.#components) component.connected(outlet, notBefore);
	}

	/** Nothing of what was reported stands any more: all of it goes again. */
	reportAgain(): void {
		for (const component of this.#components) component.reportAgain();
	}

	/** It has ended. */
	disconnected(): void {
		for (const component of this.#components) component.disconnected();
	}

	/** A certificate is about to be asked for: a download beside that is more than a device holds. Until `resume` or the next session. */
	makeRoom(): void {
		this.#rests = true;
		this.#look();
	}

	resume(): void {
		this.#rests = false;
		this.#look();
	}

	/** The hub has sent so many bytes. */
	heard(bytes: number): void {
		this.#pressure.add(bytes);
	}

	#look(): void {
		const rests = this.#rests || this.#pressure.isHigh;
		for (const component of this.#components) rests ? component.makeRoom() : component.resume();
	}

	/** The hub has acknowledged something: the firmware is good. */
	proven(): void {
		for (const component of this.#components) if (component !== this.#app) component.confirm();
	}

	/** The application says that it is good. */
	confirmApp(): void {
		this.#app?.confirm();
	}

	/** The application has thrown. Does nothing unless it is on trial. */
	rejectApp(fault: Fault): void {
		this.#app?.reject(fault);
	}

	/** The agent has closed. */
	close(): void {
		this.#pressure.close();
		for (const component of this.#components) component.close();
	}
}
