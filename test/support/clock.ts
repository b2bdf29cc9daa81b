/**
 * A clock that moves only when told. `advance` runs what falls due, in order of time and then of registration, and lets
 * promises settle in between, so that a test sees the same order every time and never sleeps.
 */
import type { Clock } from "../../src/port.ts";
import type { Power } from "./power.ts";

interface Timer {
	readonly at: number;
	readonly callback: () => void;
}

export class FakeClock implements Clock {
	#ticks = 0;
	/** Wall clock minus ticks. */
	#offset: number;
	/** In the order they will run. */
	readonly #timers: Timer[] = [];

	/** `now`: the wall clock at ticks 0. */
	constructor(now = Date.UTC(2026, 0, 1)) {
		this.#offset = now;
	}

	now(): number {
		return this.#ticks + this.#offset;
	}

	ticks(): number {
		return this.#ticks;
	}

	after(milliseconds: number, callback: () => void): () => void {
		if (!(milliseconds >= 0)) throw new RangeError(`after ${milliseconds} ms`);
		const timer = { at: this.#ticks + milliseconds, callback };
		let i = this.#timers.length;
		while (i > 0 && this.#timers[i - 1]!.at > timer.at) i--;
		this.#timers.splice(i, 0, timer);
		return () => {
			const at = this.#timers.indexOf(timer);
			if (at >= 0) this.#timers.splice(at, 1);
		};
	}

	/** Timers that wait. */
	get waiting(): number {
		return this.#timers.length;
	}

	/** Sets the wall clock, as SNTP or a fool would; ticks go on as before. */
	set(now: number): void {
		this.#offset = now - this.#ticks;
	}

	/** Lets `milliseconds` pass. */
	async advance(milliseconds: number): Promise<void> {
		const end = this.#ticks + milliseconds;
		await inTurns(() => (this.#timers[0]?.at ?? Number.POSITIVE_INFINITY) <= end && this.#runNext());
		this.#ticks = end;
	}

	/** Jumps from timer to timer until `reached` says so; throws when nothing waits any more or `limit` ms have passed. */
	async until(reached: () => boolean, limit = 24 * 3600_000): Promise<void> {
		const end = this.#ticks + limit;
		await inTurns(() => {
			if (reached()) return false;
			const next = this.#timers[0];
			if (next === undefined) throw new Error(`nothing waits at ${this.#ticks} ms, and the end is not reached`);
			if (next.at > end) throw new Error(`not reached within ${limit} ms`);
			return this.#runNext();
		});
	}

	/** This clock as a device on that power sees it. */
	powered(power: Power): Clock {
		return {
			now: () => this.now(),
			ticks: () => this.ticks(),
			after: (milliseconds, callback) => {
				power.point("clock.after");
				return this.after(milliseconds, power.guard(callback));
			},
		};
	}

	#runNext(): true {
		const { at, callback } = this.#timers.shift()!;
		this.#ticks = Math.max(this.#ticks, at);
		callback();
		return true;
	}
}

/** Of the event loop's rounds, which cost more than what a timer does. */
const TURNS_PER_ROUND = 64;

/**
 * Takes turn after turn until one says false. Before each, and after the last, every promise that could settle has:
 * between two immediates, also of one round, Node runs all microtasks.
 */
function inTurns(turn: () => boolean): Promise<void> {
	return new Promise((resolve, reject) => {
		let over = false;
		const take = (): void => {
			if (over) return;
			try {
				over = !turn();
				if (over) resolve();
			} catch (thrown) {
				over = true;
				reject(thrown);
			}
		};
		const round = (): void => {
			if (over) return;
			for (let i = 0; i < TURNS_PER_ROUND; i++) setImmediate(take);
			setImmediate(round);
		};
		round();
	});
}
