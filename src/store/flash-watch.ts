/** Watches the agent's flash: whether there will be room for all that it needs, and how long the flash will last. */
import { idle } from "../base/idle.ts";
import { Fault } from "../fault.ts";
import type { Clock, Log, Store } from "../port.ts";
import { PAGE_ENTRIES } from "./entries.ts";
import { shortageOf } from "./reserve.ts";

/** Of a page, what the poorest flash is good for: data sheets promise ten times as much. */
const ENDURANCE_ERASES = 10_000;
const DAY_MS = 24 * 3600_000;

export interface FlashStatus {
	/** Records written since start, by the day. Absent until one has passed, as is the next: a device that sleeps has no such pace. */
	readonly writesPerDay?: number;
	/**
	 * From new until the pages that are written to are worn out, at this pace; 1000 at most. Absent where the room is not
	 * limited, as is the next.
	 */
	readonly lifeYears?: number;
	/** Of the partition, whoever uses it. */
	readonly usedPercent?: number | undefined;
}

export class FlashWatch {
	readonly #store: Store;
	readonly #clock: Clock;
	readonly #log: Log;
	#isLow = false;
	#cancel: () => void = idle;

	constructor(store: Store, clock: Clock, log: Log) {
		this.#store = store;
		this.#clock = clock;
		this.#log = log;
	}

	/** Says Fault store.low once what the agent may need is not there any more; looks again within a day. Never throws. */
	look(): void {
		this.#cancel();
		const entries = this.#store.usage?.()?.entries;
		if (!entries) return;
		this.#cancel = this.#clock.after(DAY_MS, () => this.look());
		try {
			const shortage = shortageOf(this.#store, entries);
			if (shortage > 0 && !this.#isLow) {
				const { code, message } = new Fault("store.low", `${shortage} entries of 32 bytes may be missing one day`);
				this.#log("fault", { code, message });
			}
			this.#isLow = shortage > 0;
		} catch {
			// What cannot be read is told where it is needed.
		}
	}

	close(): void {
		this.#cancel();
	}

	/** Undefined where the platform counts nothing. */
	get status(): FlashStatus | undefined {
		const usage = this.#store.usage?.();
		if (!usage) return undefined;
		const { puts, written, entries } = usage;
		const usedPercent = entries && Math.round((100 * entries.used) / entries.total);
		const days = this.#clock.ticks() / DAY_MS;
		if (days < 1) return { usedPercent };
		const writesPerDay = Math.round((10 * puts) / days) / 10;
		if (!entries) return { writesPerDay };
		// Pages full of what never changes are never moved: the others share the wear, each erased once while all are written.
		const others = Math.max(PAGE_ENTRIES, entries.total - entries.used);
		const years = (ENDURANCE_ERASES * others * days) / Math.max(1, written) / 365;
		return { writesPerDay, lifeYears: Math.min(1000, Math.round(years)), usedPercent };
	}
}
