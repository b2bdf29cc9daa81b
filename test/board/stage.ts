/** The stages that a power cut falls into, and how a board is stopped in one behind a number of instructions. */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Gdb } from "../../hw/emulator/gdb.ts";

export type Stage = "enrolment" | "renewal" | "update" | "trial";

export const CONNECTED = /state=connected/;

/**
 * Where instructions are counted from (a trial: from power-up, for the bootloader writes, too), how many there are, more or less, and
 * the line that is behind them: there the board stops at the latest, for it does nothing more but wait.
 */
export const STAGES: Readonly<
	Record<Stage, { readonly from?: RegExp; readonly instructions: number; readonly over?: RegExp }>
> = {
	enrolment: { from: /^network: /, instructions: 270e6, over: CONNECTED },
	/** A call asks for it. */
	renewal: { from: /^\d+\.\d+ s {2}method\b/, instructions: 240e6, over: CONNECTED },
	/** Two thirds of a download, which goes on where it was cut off. */
	update: { from: CONNECTED, instructions: 1500e6 },
	trial: { instructions: 142e6, over: /ota\.confirmed/ },
};
/** More than QEMU does in a millisecond: it is stopped ahead of the number, and again, until it is there. */
const FAST = 500_000;

/** Stops one start of a board. */
export class Moment {
	/** Instructions since the stage began, and since power-up, where the board stands. */
	since = 0;
	all = 0;
	readonly #stage: Stage;
	readonly #instructions: number;
	readonly #begun = new AbortController();
	readonly #over = new AbortController();

	/** `integer`: draws one below. */
	constructor(stage: Stage, integer: (below: number) => number) {
		this.#stage = stage;
		this.#instructions = integer(STAGES[stage].instructions);
		if (!STAGES[stage].from) this.#begun.abort();
	}

	/** A line of the log. */
	see(line: string): void {
		const { from, over } = STAGES[this.#stage];
		if (this.#begun.signal.aborted && over?.test(line)) this.#over.abort();
		if (from?.test(line)) this.#begun.abort();
	}

	/** Returns when the board stands there. Network and time are the host's: what it has done until then is not the same each time. */
	async reach(gdb: Gdb): Promise<void> {
		if (!this.#begun.signal.aborted) await this.#run(gdb, once(this.#begun.signal, "abort"));
		const first = this.all;
		const over = once(this.#over.signal, "abort");
		while (this.since < this.#instructions && !this.#over.signal.aborted) {
			const milliseconds = Math.max(1, (this.#instructions - this.since) / FAST);
			await this.#run(gdb, Promise.race([over, sleep(milliseconds)]));
			this.since = this.all - first;
		}
	}

	async #run(gdb: Gdb, until: Promise<unknown>): Promise<void> {
		const running = gdb.run();
		await Promise.race([running, until]);
		gdb.stop();
		await running;
		this.all = await gdb.instructions();
	}
}
