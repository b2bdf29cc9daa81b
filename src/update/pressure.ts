/**
 * When a download is to give way: while the hub sends much at once. What it sends is then held and answered beside a connection of the
 * download's, which is more than a device has room for; a download can go on later where it was.
 */
import { idle } from "../base/idle.ts";
import type { Clock } from "../port.ts";

/** Of one second: two calls of a method as large as a device takes by default. */
const MOST_BYTES = 4096;
/** As which a smaller message counts: its answer may have as many. */
const LEAST_BYTES = 512;
const WINDOW_MS = 1000;
/** Silence after which it goes on. */
const QUIET_MS = 2000;

export class Pressure {
	readonly #clock: Clock;
	/** It is high, or no longer. */
	readonly #onChange: () => void;
	#since = 0;
	#bytes = 0;
	/** By Clock.ticks: when something came last. */
	#last = 0;
	#isHigh = false;
	#cancel: () => void = idle;

	constructor(clock: Clock, onChange: () => void) {
		this.#clock = clock;
		this.#onChange = onChange;
	}

	get isHigh(): boolean {
		return this.#isHigh;
	}

	/** A message of so many bytes has come, or has begun to. */
	add(bytes: number): void {
		const now = this.#clock.ticks();
		if (now - this.#since >= WINDOW_MS) {
			this.#since = now;
			this.#bytes = 0;
		}
		this.#bytes += Math.max(bytes, LEAST_BYTES);
		this.#last = now;
		if (this.#isHigh || this.#bytes <= MOST_BYTES) return;
		this.#isHigh = true;
		this.#lookIn(QUIET_MS);
		this.#onChange();
	}

	close(): void {
		this.#cancel();
	}

	/** One timer, however much comes. */
	#lookIn(milliseconds: number): void {
		this.#cancel = this.#clock.after(milliseconds, () => {
			const left = this.#last + QUIET_MS - this.#clock.ticks();
			if (left > 0) return this.#lookIn(left);
			this.#isHigh = false;
			this.#onChange();
		});
	}
}
