/** A device says that its flash will be too full before it is: within one boot, store.low comes before store.full. */
import type { LogValue } from "../../src/port.ts";
import { BY_CHANCE } from "./mishaps.ts";

export class Warning {
	readonly #violation: (text: string) => void;
	#isGiven = false;

	constructor(violation: (text: string) => void) {
		this.#violation = violation;
	}

	booted(): void {
		this.#isGiven = false;
	}

	onLog({ code, message }: Readonly<Record<string, LogValue>>): void {
		this.#isGiven ||= code === "store.low";
		const isReal = typeof message === "string" && !message.endsWith(BY_CHANCE);
		if (code === "store.full" && isReal && !this.#isGiven)
			this.#violation("store.full, and store.low was not said before");
	}
}
