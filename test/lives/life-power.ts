/** The power supply of a simulated life: tells when it goes, so that the life can turn it on again. */
import { Power } from "../support/power.ts";

export class LifePower extends Power {
	readonly #onCut: (where: string) => void;

	constructor(onCut: (where: string) => void) {
		super();
		this.#onCut = onCut;
	}

	override cut(where = "outside"): void {
		const wasOn = this.on;
		super.cut(where);
		if (wasOn) this.#onCut(where);
	}
}
