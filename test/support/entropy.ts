/** Repeatable bytes for code that asks for strong ones. Never outside tests. */
import type { Entropy } from "../../src/port.ts";
import type { Power } from "./power.ts";
import { type Random, random } from "./random.ts";

export class FakeEntropy implements Entropy {
	readonly #source: Random;
	readonly #power: Power | undefined;

	constructor(source: Random = random(), power?: Power) {
		this.#source = source;
		this.#power = power;
	}

	fill(bytes: Uint8Array): void {
		this.#power?.point("entropy.fill");
		bytes.set(this.#source.bytes(bytes.length));
	}
}
