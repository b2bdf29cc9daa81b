/** Seeded randomness for tests that mutate (mulberry32), and the check for a Fault. */
import { Fault, type FaultCode } from "../../src/fault.ts";

export interface Random {
	readonly seed: number;
	/** 0 to below - 1. */
	integer(below: number): number;
	bytes(length: number): Uint8Array;
}

/** The same in each run, so that a suite that was green stays green; `SEED=$RANDOM npm test` looks for what nobody met yet. */
export const SEED = Number(process.env.SEED ?? 1);

/** Whole sweeps take minutes, so a suite takes a sample; SWEEP=1 takes all. */
export const sampled = <T>(all: T, few: T): T => (process.env.SWEEP === undefined ? few : all);

export function random(seed = SEED): Random {
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
