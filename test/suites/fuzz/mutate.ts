/** Another input from those that there are: bits, bytes, lengths, pieces moved, doubled, left out, taken from another one. */
import type { Random } from "../../support/random.ts";

const MOST_BYTES = 2_048;
const MOST_CHANGES = 4;
/** Where parsers count. */
const EDGES = [0, 1, 0x1f, 0x20, 0x7f, 0x80, 0x81, 0x82, 0xfe, 0xff];
/** Of the texts that are parsed. */
const SIGNS = Buffer.from('"\\{}[]:,.-+e0 9u\r\n=&%/?#$;ABab');

/** A new one; `corpus` is not empty. */
export function mutated(corpus: readonly Uint8Array[], random: Random): Uint8Array {
	let bytes: Uint8Array = corpus[random.integer(corpus.length)]!.slice();
	for (let left = 1 + random.integer(MOST_CHANGES); left > 0; left--) bytes = change(bytes, corpus, random);
	return bytes.length > MOST_BYTES ? bytes.subarray(0, MOST_BYTES) : bytes;
}

function change(bytes: Uint8Array, corpus: readonly Uint8Array[], random: Random): Uint8Array {
	const at = random.integer(bytes.length + 1);
	const length = Math.min(bytes.length - at, 1 + random.integer(random.integer(4) === 0 ? 64 : 4));
	switch (random.integer(9)) {
		case 0:
			if (at < bytes.length) bytes[at]! ^= 1 << random.integer(8);
			return bytes;
		case 1:
			if (at < bytes.length) bytes[at] = random.integer(256);
			return bytes;
		case 2:
			if (at < bytes.length) bytes[at] = EDGES[random.integer(EDGES.length)]!;
			return bytes;
		case 3:
			if (at < bytes.length) bytes[at] = SIGNS[random.integer(SIGNS.length)]!;
			return bytes;
		case 4:
			if (at < bytes.length) bytes[at]! += random.integer(2) === 0 ? 1 : -1;
			return bytes;
		case 5:
			return spliced(bytes, at, length, new Uint8Array(0));
		case 6:
			return spliced(bytes, at, 0, bytes.subarray(at, at + length));
		case 7:
			return spliced(bytes, at, 0, random.bytes(1 + random.integer(3)));
		default: {
			const other = corpus[random.integer(corpus.length)]!;
			const from = random.integer(other.length + 1);
			return spliced(bytes, at, random.integer(2) * length, other.subarray(from, from + 1 + random.integer(64)));
		}
	}
}

/** `without` bytes at `at` replaced. */
function spliced(bytes: Uint8Array, at: number, without: number, by: Uint8Array): Uint8Array {
	const result = new Uint8Array(bytes.length - without + by.length);
	result.set(bytes.subarray(0, at));
	result.set(by, at);
	result.set(bytes.subarray(at + without), at + by.length);
	return result;
}
