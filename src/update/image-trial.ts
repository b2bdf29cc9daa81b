/**
 * After a reset: which image runs, why, and what follows; decided from the journal and the slots alone.
 *
 * A new image runs on trial until the hub is reached. A trial that ends in a reset is repeated twice (power fails); one
 * that ends in a rejection, never.
 */
import { Fault } from "../fault.ts";
import type { Clock, Slot } from "../port.ts";
import type { Journal } from "./update-journal.ts";
import type { Work } from "./update-record.ts";

/**
 * run: nothing to do. fetch: an update is under way, go on with it once connected. trial: this image is on trial,
 * confirm it when it has reached the hub with its credential.
 */
export type BootDecision = "run" | "fetch" | "trial";

const MAX_TRIALS = 3;
/** The platform's guard comes after the deadline, which leaves a better report. */
const GUARD_SECONDS = 60;

export class Trial {
	readonly #slot: Slot;
	readonly #clock: Clock;
	readonly #journal: Journal;
	readonly #seconds: number;
	#cancelDeadline: (() => void) | undefined;

	constructor(slot: Slot, clock: Clock, journal: Journal, seconds: number) {
		this.#slot = slot;
		this.#clock = clock;
		this.#journal = journal;
		this.#seconds = seconds;
	}

	/** Never throws: the image must run whatever the flash says. */
	boot(): BootDecision {
		try {
			const decision = this.#decide();
			this.#note(() => this.#journal.settle());
			return decision;
		} catch (thrown) {
			this.#journal.unusable ??= Fault.of(thrown, "store.failed");
			return this.#slot.state === "trial" ? this.#begin() : "run";
		}
	}

	/** The running image is on trial; with a record of it, or without when that cannot be used. */
	get running(): boolean {
		return this.#recorded !== undefined || this.#slot.state === "trial";
	}

	confirm(): void {
		if (!this.running) return;
		// The slot first: a floor above an image that is then rolled back would refuse that image for ever.
		this.#slot.confirm();
		this.#cancelDeadline?.();
		if (this.#recorded !== undefined) this.#journal.install(this.#recorded);
		else this.#journal.settle();
	}

	reject(fault: Fault): void {
		this.#cancelDeadline?.();
		if (this.running) this.#goBack(this.#recorded, fault.code);
	}

	close(): void {
		this.#cancelDeadline?.();
	}

	get #recorded(): Work | undefined {
		const { work } = this.#journal;
		return work?.state === "trial" && work.from !== this.#slot.running ? work : undefined;
	}

	#decide(): BootDecision {
		const { work } = this.#journal;
		if (work === undefined) return this.#slot.state === "trial" ? this.#begin() : "run";
		const isNew = this.#slot.running !== work.from;
		if (work.state === "fetching" || work.state === "staged") {
			// Flashed by cable in between: what was written is now what runs, or is gone.
			if (isNew) this.#journal.proceed({ ...work, state: "fetching", offset: 0, from: this.#slot.running });
			return this.#slot.state === "trial" ? this.#begin() : "fetch";
		}
		if (!isNew) return this.#reverted(work);
		if (work.state === "rejected") return this.#goBack(work, work.code ?? "ota.rejected");
		if (work.state === "trial" && this.#slot.state === "valid") {
			this.#journal.install(work);
			return "run";
		}
		// A bootloader with rollback ends a trial at the next reset; without one its boots are counted here.
		const trials = work.state === "trial" ? work.trials + 1 : work.trials;
		if (trials >= MAX_TRIALS) return this.#goBack(work, "ota.aborted");
		this.#journal.proceed({ ...work, state: "trial", trials });
		return this.#begin();
	}

	/** The old image runs although the new one was to be booted: a reset, or its own rejection. */
	#reverted(work: Work): BootDecision {
		const trials = work.trials + 1;
		if (work.state === "rejected" || trials >= MAX_TRIALS) {
			this.#journal.fail(work, work.state === "rejected" ? (work.code ?? "ota.rejected") : "ota.aborted");
			return "run";
		}
		this.#journal.proceed({ ...work, state: "staged", offset: work.size, trials, code: "ota.aborted" });
		return "fetch";
	}

	/** Returns where the platform does not restart at once, and where there is nothing to go back to. */
	#goBack(work: Work | undefined, code: string): BootDecision {
		this.#note(() => work && this.#journal.proceed({ ...work, state: "rejected", code }));
		try {
			this.#slot.revert();
		} catch {
			// A doubtful image is better than none.
			this.#note(() => work && this.#journal.fail(work, code));
		}
		return "run";
	}

	/** A store that fails must not keep an unfit image in place. */
	#note(write: () => void): void {
		try {
			write();
		} catch (thrown) {
			this.#journal.unusable ??= Fault.of(thrown, "store.failed");
		}
	}

	#begin(): BootDecision {
		this.#slot.guard(this.#seconds + GUARD_SECONDS);
		const expired = new Fault("ota.rejected", `did not reach the hub within ${this.#seconds} s`);
		this.#cancelDeadline = this.#clock.after(this.#seconds * 1000, () => this.reject(expired));
		return "trial";
	}
}
