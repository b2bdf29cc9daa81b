/**
 * Starts that did not last, counted in flash. What an abort, a panic or a watchdog ends cannot be noted when it happens, so each start
 * is counted before anything else is done, and taken back when it ends as it should, when the next one finds that power was
 * the reason, or when it has been connected for an hour.
 *
 * After three the device starts carefully (HubFeatures): whatever the hub holds for the application may be what ended it.
 * Two small writes for a start that lasts (Store, `unstable`: one byte), one for one that does not.
 */
import { Fault } from "../fault.ts";
import type { Clock, Log, ResetReason, Store } from "../port.ts";

export interface StartsOptions {
	readonly store: Store;
	readonly clock: Clock;
	readonly lastReset?: ResetReason | undefined;
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
	#kept: number;
	/** In a row before this one. */
	#failed: number;
	/** Connected for so long, in sum, before the session that is open. */
	#connectedMs = 0;
	#openedTicks: number | undefined;
	#lasted = false;

	/** Counts this start. */
	constructor(options: StartsOptions, log: Log) {
		this.#options = options;
		this.#log = log;
		this.#kept = this.#attempt(() => options.store.get(STARTS_RECORD)?.[0]) ?? 0;
		this.#failed = Math.max(0, OF_POWER.includes(options.lastReset) ? this.#kept - 1 : this.#kept);
		this.#keep(Math.min(255, this.#failed + 1));
	}

	/** While the application is to be kept from what the hub sends. */
	get unstable(): Unstable | undefined {
		if (this.#failed < MOST_STARTS) return undefined;
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
		this.#keep(0);
	}

	/** The program ends, or the device restarts, because it should: this start does not count. */
	end(): void {
		this.#keep(this.#failed);
	}

	get #lastedMs(): number {
		const { clock } = this.#options;
		return this.#connectedMs + (this.#openedTicks === undefined ? 0 : clock.ticks() - this.#openedTicks);
	}

	#keep(count: number): void {
		const { store } = this.#options;
		if (count === this.#kept) return;
		this.#attempt(() => {
			if (count > 0) store.put(STARTS_RECORD, Uint8Array.of(count));
			else store.delete(STARTS_RECORD);
			this.#kept = count;
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
