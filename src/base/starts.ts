/**
 * Starts that did not last, counted in flash. What an abort, a panic or a watchdog ends cannot be noted when it happens, so each start
 * is counted before anything else is done, and taken back when it ends as it should, when the next one finds that power was
 * the reason, or when it has been connected for an hour.
 *
 * After three the device starts carefully (HubFeatures): whatever the hub holds for the application may be what ended it.
 * Two small writes for a start that lasts, one for one that does not. Store, `unstable`: the count, 1 byte; behind a start that has ended
 * as it should, how long it and those before it were connected, s, u16: power and sleep end none that has ended, and the hour of a device
 * that sleeps is one in sum.
 */
import { Fault } from "../fault.ts";
import type { Clock, Log, ResetReason, Store } from "../port.ts";
import { equal } from "./bytes.ts";

export interface StartsOptions {
	readonly store: Store;
	readonly clock: Clock;
	readonly lastReset?: ResetReason | undefined;
	readonly appSlot?: { readonly state: string } | undefined;
}

export interface Unstable {
	/** In a row, that did not last. */
	readonly starts: number;
	readonly lastReset: ResetReason;
}

/** Of the store. */
export const STARTS_RECORD = "unstable";
const MOST_STARTS = 3;
const LASTING_MS = 3600_000;
/** Nothing that came over the network does this. */
const OF_POWER: readonly (ResetReason | undefined)[] = /* @__PURE__ */ Object.freeze([
	"power-on",
	"reset-pin",
	"deep-sleep",
	"brownout",
]);

export class Starts {
	readonly #options: StartsOptions;
	readonly #log: Log;
	/** What flash says. */
	#kept: Uint8Array;
	/** In a row before this one. */
	#failed: number;
	/** Connected for so long, in sum, before the session that is open. */
	#connectedMs = 0;
	#openedTicks: number | undefined;
	#lasted = false;
	/** An application on trial may be the repair, and be judged by what is sent; an abort ends its trial. */
	readonly #isTrial: boolean;

	/** Counts this start. */
	constructor(options: StartsOptions, log: Log) {
		this.#options = options;
		this.#log = log;
		this.#isTrial = options.appSlot?.state === "trial";
		this.#kept = this.#attempt(() => options.store.get(STARTS_RECORD)) ?? new Uint8Array(0);
		const [count = 0, high, low = 0] = this.#kept;
		this.#failed = Math.max(0, high === undefined && OF_POWER.includes(options.lastReset) ? count - 1 : count);
		if (high !== undefined) this.#connectedMs = 1000 * (256 * high + low);
		this.#keep(Math.min(255, this.#failed + 1));
	}

	/** While the application is to be kept from what the hub sends. */
	get unstable(): Unstable | undefined {
		if (this.#failed < MOST_STARTS || this.#isTrial) return undefined;
		return { starts: this.#failed, lastReset: this.#options.lastReset ?? "unknown" };
	}

	/** A session has opened. */
	connected(): void {
		this.#openedTicks = this.#options.clock.ticks();
	}

	/** It has ended. */
	disconnected(): void {
		this.#connectedMs = this.#lastedMs;
		this.#openedTicks = undefined;
	}

	/** Connected for so much longer, this start has lasted; nothing is left to wait for at infinity. */
	get leftMs(): number {
		return this.#lasted ? Number.POSITIVE_INFINITY : Math.max(0, LASTING_MS - this.#lastedMs);
	}

	/** Neither this start nor those before it count any more. */
	forgive(): void {
		this.#lasted = true;
		this.#failed = 0;
		this.#keep();
	}

	/** The program ends, or the device restarts, because it should: this start does not count. */
	end(): void {
		const seconds = Math.floor(this.#lastedMs / 1000);
		if (this.#failed > 0) this.#keep(this.#failed, seconds >> 8, seconds & 255);
		else this.#keep();
	}

	get #lastedMs(): number {
		const { clock } = this.#options;
		return this.#connectedMs + (this.#openedTicks === undefined ? 0 : clock.ticks() - this.#openedTicks);
	}

	#keep(...record: number[]): void {
		const { store } = this.#options;
		const bytes = Uint8Array.from(record);
		if (equal(bytes, this.#kept)) return;
		this.#attempt(() => {
			if (bytes.length > 0) store.put(STARTS_RECORD, bytes);
			else store.delete(STARTS_RECORD);
			this.#kept = bytes;
		});
	}

	/** Flash that fails costs the count, not the device. */
	#attempt<T>(action: () => T): T | undefined {
		try {
			return action();
		} catch (thrown) {
			if (!(thrown instanceof Fault)) throw thrown;
			this.#log("fault", { code: thrown.code, message: thrown.message });
			return undefined;
		}
	}
}
