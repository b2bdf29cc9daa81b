/** The system's clock, but for some waits, which end when the test says so: nobody wants to wait for ten minutes. */
import { clock } from "../../hw/node/clock.ts";
import type { Clock } from "../../src/port.ts";

export class HeldClock implements Clock {
	readonly now = clock.now;
	readonly ticks = clock.ticks;
	readonly #waits: readonly number[];
	readonly #held = new Map<() => void, number>();

	/** Milliseconds; every wait of just so long is held. */
	constructor(...waits: readonly number[]) {
		this.#waits = waits;
	}

	after(milliseconds: number, callback: () => void): () => void {
		if (!this.#waits.includes(milliseconds)) return clock.after(milliseconds, callback);
		const held = (): void => callback();
		this.#held.set(held, milliseconds);
		return () => void this.#held.delete(held);
	}

	/** All waits of so many milliseconds are over; how many there were. */
	pass(milliseconds: number): number {
		const due = [...this.#held].filter(([, wait]) => wait === milliseconds).map(([callback]) => callback);
		for (const callback of due) this.#held.delete(callback);
		for (const callback of due) callback();
		return due.length;
	}
}
