/**
 * The Clock port on Moddable. Ticks are unwrapped, since ESP32 counts milliseconds in 32 bits (24.8 days).
 *
 * Classes, because methods are in ROM, while a closure has its code and its variables in RAM.
 */
import Time from "time";
import Timer from "timer";
import type { Clock } from "../../src/port.ts";

/** Longer waits are taken in pieces, so that ticks are read often enough to see each wrap. */
const LONGEST_WAIT_MS = 24 * 3600 * 1000;

/** `sync` asks the network for the time; absent where the system keeps it right. */
export const createClock = (sync?: Clock["sync"]): Clock => new SystemClock(sync);

class SystemClock implements Clock {
	readonly sync?: NonNullable<Clock["sync"]>;
	#last = Time.ticks;
	#elapsed = 0;

	constructor(sync?: Clock["sync"]) {
		if (sync) this.sync = sync;
	}

	now(): number {
		return Date.now();
	}

	ticks(): number {
		const now = Time.ticks;
		const passed = (now - this.#last) | 0;
		this.#last = now;
		// The simulator's ticks follow the wall clock, which somebody may set back.
		if (passed > 0) this.#elapsed += passed;
		return this.#elapsed;
	}

	after(milliseconds: number, callback: () => void): () => void {
		if (milliseconds <= LONGEST_WAIT_MS) {
			const timer = Timer.set(callback, Math.max(0, Math.ceil(milliseconds)));
			return () => Timer.clear(timer);
		}
		const wait = new Wait(this, milliseconds, callback);
		return () => wait.cancel();
	}
}

class Wait {
	readonly #clock: Clock;
	readonly #end: number;
	readonly #callback: () => void;
	#timer: Timer | undefined;

	constructor(clock: Clock, milliseconds: number, callback: () => void) {
		this.#clock = clock;
		this.#end = clock.ticks() + milliseconds;
		this.#callback = callback;
		this.#wait(milliseconds);
	}

	cancel(): void {
		Timer.clear(this.#timer);
	}

	#wait(left: number): void {
		this.#timer =
			left > LONGEST_WAIT_MS
				? Timer.set(() => this.#wait(this.#end - this.#clock.ticks()), LONGEST_WAIT_MS)
				: Timer.set(this.#callback, Math.max(0, Math.ceil(left)));
	}
}
