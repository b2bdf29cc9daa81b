/** Operations per second, as the service counts them: a bucket that fills with time and holds one second's worth. */
import type { Clock } from "../src/port.ts";

export interface Limits {
	/** DPS register and poll requests, all devices together: 429 beyond. */
	readonly registrations?: number;
	/** Hub connections: CONNACK 3 beyond. */
	readonly connections?: number;
	/** Twin reads and updates: 429 beyond. */
	readonly twins?: number;
}

export const LIMITS = ["registrations", "connections", "twins"] as const satisfies (keyof Limits)[];

export class Throttle {
	readonly #limits: Limits;
	readonly #clock: Clock;
	readonly #buckets = new Map<keyof Limits, { left: number; at: number }>();

	constructor(limits: Limits, clock: Clock) {
		this.#limits = limits;
		this.#clock = clock;
	}

	/** Counts one operation; false when it is one too many. */
	allows(kind: keyof Limits): boolean {
		const rate = this.#limits[kind];
		if (rate === undefined) return true;
		const now = this.#clock.ticks();
		const { left, at } = this.#buckets.get(kind) ?? { left: rate, at: now };
		const filled = Math.min(rate, left + ((now - at) / 1000) * rate);
		this.#buckets.set(kind, { left: filled >= 1 ? filled - 1 : filled, at: now });
		return filled >= 1;
	}
}
