/**
 * A section of the reported properties, told to the hub as it changes: one report at a time, since changes may come faster than the hub
 * answers. What has changed meanwhile goes as one.
 */
import { idle } from "../base/idle.ts";
import type { Fault } from "../fault.ts";
import type { JsonObject } from "../hub/json.ts";
import type { Outlet } from "../hub/operations.ts";

export interface ReportOptions {
	/** Of the section. */
	readonly name: string;
	readonly make: () => JsonObject;
	/** The hub has answered. */
	readonly onAnswer: (fault?: Fault) => void;
}

export class Report {
	readonly #options: ReportOptions;
	/** What the hub has acknowledged. */
	#told = "";
	/** One is on its way; what it says has changed since; and who waits for that. */
	#isTelling = false;
	#again = false;
	#then: () => void = idle;

	constructor(options: ReportOptions) {
		this.#options = options;
	}

	/** Nothing of what was told stands any more. */
	forget(): void {
		this.#told = "";
	}

	/** `then`: once the hub has it, or at once when there is nothing to say; takes the place of an earlier one that waits. */
	tell(outlet: Pick<Outlet, "report">, then: () => void = this.#then): void {
		this.#again = this.#isTelling;
		this.#then = this.#isTelling ? then : idle;
		if (this.#isTelling) return;
		const { name, make, onAnswer } = this.#options;
		const section = make();
		const text = JSON.stringify(section);
		if (text === this.#told) {
			then();
			return;
		}
		this.#isTelling = true;
		outlet.report({ [name]: section }, (fault) => {
			this.#isTelling = false;
			if (!fault) this.#told = text;
			onAnswer(fault);
			then();
			if (this.#again) this.tell(outlet);
		});
	}
}
