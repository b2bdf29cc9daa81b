/**
 * One request at a time that the hub answers by a message with its `$rid`: which answer is awaited, and when to try again
 * after silence or a transient failure. Waits grow from 5 s to an hour and are spread by `random`.
 */
import { idle } from "../base/idle.ts";
import { type Backoff, delaySeconds } from "../base/retry.ts";
import type { Clock } from "../port.ts";

const TRANSIENT: Backoff = { firstSeconds: 5, capSeconds: 3600 };

export interface Pace {
	readonly clock: Pick<Clock, "after">;
	/** Uniform in [0, 1). */
	readonly random: () => number;
}

export class Turn {
	readonly #pace: Pace;
	#rid: string | undefined;
	#waits = false;
	#failures = 0;
	#cancel: () => void = idle;

	constructor(pace: Pace) {
		this.#pace = pace;
	}

	/** Nothing is asked, and nothing is to be asked again. */
	get free(): boolean {
		return this.#rid === undefined && !this.#waits;
	}

	/** An answer may still come. */
	get asked(): boolean {
		return this.#rid !== undefined;
	}

	/** Request `rid` has been sent. */
	ask(rid: string, seconds: number, onSilence: () => void): void {
		this.end();
		this.#rid = rid;
		this.#cancel = this.#pace.clock.after(seconds * 1000, () => {
			this.end();
			onSilence();
		});
	}

	/** Whether that is the request without an answer. */
	awaits(rid: string): boolean {
		return rid === this.#rid;
	}

	/** Whether this is the answer; if so the request is over. */
	answeredBy(rid: string): boolean {
		if (rid !== this.#rid) return false;
		this.end();
		return true;
	}

	/** Calls back when it is time to try again. */
	later(again: () => void): void {
		this.end();
		this.#waits = true;
		const seconds = delaySeconds(++this.#failures, TRANSIENT, this.#pace.random());
		this.#cancel = this.#pace.clock.after(seconds * 1000, () => {
			this.end();
			again();
		});
	}

	succeeded(): void {
		this.#failures = 0;
	}

	/** Forgets the request; a late answer is none. */
	end(): void {
		this.#cancel();
		this.#cancel = idle;
		this.#rid = undefined;
		this.#waits = false;
	}
}
