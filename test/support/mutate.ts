/** Spoiled copies of an input: every truncation, then flipped bits, changed, removed and doubled bytes. SEED=n repeats a run. */
import { type Random, random } from "./random.ts";

/** `count` random mutations after all truncations. Prints its seed when the consumer throws. */
export function* mutations(bytes: Uint8Array, count: number, source: Random = random()): Generator<Uint8Array> {
	let done = false;
	try {
		for (let length = 0; length < bytes.length; length++) yield bytes.slice(0, length);
		for (let i = 0; i < count; i++) {
			let spoiled = bytes;
			for (let times = 1 + source.integer(3); times > 0; times--) spoiled = mutate(spoiled, source);
			yield spoiled;
		}
		done = true;
	} finally {
		if (!done) process.stdout.write(`# mutations stopped early: SEED=${source.seed}\n`);
	}
}

function mutate(bytes: Uint8Array, source: Random): Uint8Array {
	if (bytes.length === 0) return source.bytes(1);
	const at = source.integer(bytes.length);
	const copy = bytes.slice();
	switch (source.integer(4)) {
		case 0:
			copy[at]! ^= 1 << source.integer(8);
			return copy;
		case 1:
			copy[at] = source.integer(256);
			return copy;
		case 2:
			return Uint8Array.from([...copy.slice(0, at), ...copy.slice(at + 1)]);
		default:
			return Uint8Array.from([...copy.slice(0, at), copy[at]!, ...copy.slice(at)]);
	}
}
