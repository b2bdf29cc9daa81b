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
/** In place of seconds: of a start that has not ended as it should, or not yet. */
const OPEN = -1;
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
	/** What flash says, as one number: of bytes, there would be six slots on XS. */
	#kept: number;
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
		const [count = 0, high, low = 0] = this.#attempt(() => options.store.get(STARTS_RECORD)) ?? [];
		const seconds = high === undefined ? OPEN : 256 * high + low;
		this.#kept = keptAs(count, seconds);
		this.#failed = Math.max(0, seconds === OPEN && OF_POWER.includes(options.lastReset) ? count - 1 : count);
		if (seconds !== OPEN) this.#connectedMs = 1000 * seconds;
		this.#keep(Math.min(255, this.#failed + 1), OPEN);
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
		this.#keep(0, OPEN);
	}

	/** The program ends, or the device restarts, because it should: this start does not count. */
	end(): void {
		this.#keep(this.#failed, this.#failed > 0 ? Math.floor(this.#lastedMs / 1000) : OPEN);
	}

	get #lastedMs(): number {
		const { clock } = this.#options;
		return this.#connectedMs + (this.#openedTicks === undefined ? 0 : clock.ticks() - this.#openedTicks);
	}

	#keep(count: number, seconds: number): void {
		const { store } = this.#options;
		const kept = keptAs(count, seconds);
		if (kept === this.#kept) return;
		this.#attempt(() => {
			if (kept === 0) store.delete(STARTS_RECORD);
			else store.put(STARTS_RECORD, Uint8Array.from(seconds === OPEN ? [count] : [count, seconds >> 8, seconds & 255]));
			this.#kept = kept;
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

const keptAs = (count: number, seconds: number): number => count + 256 * (seconds + 1);
