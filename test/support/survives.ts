/** For parsers: spoiled input ends in a value or a Fault, never in another error. mutations() prints its seed otherwise. */
import assert from "node:assert/strict";
import { Fault } from "../../src/fault.ts";
import { mutations } from "./mutate.ts";

/** Gives how many inputs were refused and how many read, so that a test can see that both happened. */
export function survives(parse: (bytes: Uint8Array) => unknown, sound: Uint8Array, rounds: number) {
	let refused = 0;
	let read = 0;
	for (const spoiled of mutations(sound, rounds)) {
		try {
			parse(spoiled);
			read++;
		} catch (thrown) {
			assert.ok(thrown instanceof Fault, thrown instanceof Error ? thrown.stack : String(thrown));
			refused++;
		}
	}
	return { refused, read };
}
