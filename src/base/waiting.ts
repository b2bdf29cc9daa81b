/** Promises over callbacks that can be interrupted: how `agent.ts` waits for the callback-style rooms below it. */
import { Fault } from "../fault.ts";
import { idle } from "./idle.ts";

export class Waiting {
	#interrupt: () => void = idle;
	#over = false;

	get over(): boolean {
		return this.#over;
	}

	/**
	 * `start` begins the work and gives the way to abandon it; abandoned work must settle the promise itself.
	 * Rejects with Fault agent.closed after `end`. No async function: on XS one that waits keeps its whole frame.
	 */
	until<T>(start: (resolve: (value: T) => void, reject: (fault: Fault) => void) => () => void): Promise<T> {
		if (this.#over) return Promise.reject(new Fault("agent.closed", "closed"));
		let interrupt: () => void = idle;
		const promise = new Promise<T>((resolve, reject) => {
			interrupt = start(resolve, reject);
		});
		const settled = (): void => {
			if (this.#interrupt === interrupt) this.#interrupt = idle;
			// XS keeps this function until the awaiting ones, too, have had their turn.
			interrupt = idle;
		};
		this.#interrupt = interrupt;
		promise.then(settled, settled);
		return promise;
	}

	/** Abandons what is being waited for, and everything that comes after. */
	end(): void {
		this.#over = true;
		this.#interrupt();
	}
}
