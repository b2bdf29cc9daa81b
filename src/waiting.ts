/** Promises over callbacks that can be interrupted: how `agent.ts` waits for the callback-style rooms below it. */
import { Fault } from "./fault.ts";

export class Waiting {
	#interrupt: () => void = () => {};
	#over = false;

	get over(): boolean {
		return this.#over;
	}

	/**
	 * `start` begins the work and gives the way to abandon it; abandoned work must settle the promise itself.
	 * Throws Fault agent.closed after `end`.
	 */
	async until<T>(start: (resolve: (value: T) => void, reject: (fault: Fault) => void) => () => void): Promise<T> {
		if (this.#over) throw new Fault("agent.closed", "closed");
		try {
			return await new Promise<T>((resolve, reject) => {
				this.#interrupt = start(resolve, reject);
			});
		} finally {
			this.#interrupt = () => {};
		}
	}

	/** Abandons what is being waited for, and everything that comes after. */
	end(): void {
		this.#over = true;
		this.#interrupt();
	}
}
