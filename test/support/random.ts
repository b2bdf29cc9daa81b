/** Seeded randomness for tests that mutate (mulberry32), and the check for a Fault. SEED=n repeats a run. */
import { Fault, type FaultCode } from "../../src/fault.ts";

export interface Random {
	readonly seed: number;
	/** 0 to below - 1. */
	integer(below: number): number;
	bytes(length: number): Uint8Array;
}

export function random(seed = Number(process.env.SEED ?? Date.now() % 1_000_000)): Random {
	let state = seed >>> 0;
	const integer = (below: number): number => {
		state = (state + 0x6d2b79f5) >>> 0;
		let t = Math.imul(state ^ (state >>> 15), state | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) % below;
	};
	return { seed, integer, bytes: (length) => Uint8Array.from({ length }, () => integer(256)) };
}

/** For assert.throws: a Fault with one of these codes. */
export const isFault =
	(...codes: readonly FaultCode[]) =>
	(thrown: unknown): boolean =>
		thrown instanceof Fault && codes.includes(thrown.code);
