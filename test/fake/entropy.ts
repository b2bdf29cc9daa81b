/** Repeatable randomness: xorshift128 (Marsaglia 2003). For tests only; also the source of their mutations. */
import type { Entropy } from "../../src/port.ts";

export class FakeEntropy implements Entropy {
	readonly seed: number;
	readonly #state: Uint32Array;

	constructor(seed: number) {
		this.seed = seed;
		this.#state = Uint32Array.of(seed ^ 0x12345678, 362436069, 521288629, 88675123);
		for (let i = 0; i < 16; i++) this.next();
	}

	/** A new one for every run, or the one in ENROLLEE_SEED; print `seed` where a test may fail. */
	static fresh(): FakeEntropy {
		const given = process.env.ENROLLEE_SEED;
		return new FakeEntropy(given === undefined ? Math.floor(Math.random() * 0x7fffffff) : Number(given));
	}

	fill(bytes: Uint8Array): void {
		for (let i = 0; i < bytes.length; i++) bytes[i] = this.next() >>> 24;
	}

	bytes(length: number): Uint8Array {
		const bytes = new Uint8Array(length);
		this.fill(bytes);
		return bytes;
	}

	/** 0 to 2^32 - 1. */
	next(): number {
		const state = this.#state;
		let t = state[3]!;
		const s = state[0]!;
		state.copyWithin(1, 0, 3);
		t ^= t << 11;
		t ^= t >>> 8;
		state[0] = t ^ s ^ (s >>> 19);
		return state[0]!;
	}

	/** Uniform in [0, 1). */
	random(): number {
		return this.next() / 0x1_0000_0000;
	}

	/** Uniform in 0 to `bound` - 1. */
	below(bound: number): number {
		return Math.floor(this.random() * bound);
	}

	/** A copy with one change: a bit flipped, a byte replaced, removed, inserted or doubled, or the tail cut off. */
	mutate(bytes: Uint8Array): Uint8Array {
		const all = [...bytes];
		const at = this.below(all.length);
		switch (this.below(6)) {
			case 0:
				all[at] = all[at]! ^ (1 << this.below(8));
				break;
			case 1:
				all[at] = this.below(256);
				break;
			case 2:
				all.splice(at, 1);
				break;
			case 3:
				all.splice(at, 0, this.below(256));
				break;
			case 4:
				all.splice(at, 0, all[at]!);
				break;
			default:
				all.length = at;
		}
		return Uint8Array.from(all);
	}
}
