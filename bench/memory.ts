/**
 * The memory of an app on XS by XS's instrumentation, in samples that the app takes itself (xs/sample.js). As on a
 * 32-bit chip: slots of 16 bytes instead of the simulator's 32, chunks as they are.
 */
import type { App } from "../hw/simulator/harness.ts";

const SLOT_BYTES = 32;
const CHIP_SLOT_BYTES = 16;

/** Chunks in bytes, slots in slots. */
export interface Sample {
	/** In use, garbage included. */
	readonly chunks: number;
	readonly slots: number;
	/** What the machine has taken so far, and how deep its stack went. */
	readonly takenChunks: number;
	readonly takenSlots: number;
	readonly stackSlots: number;
}

export interface LibraryMemory {
	/** What a garbage collection leaves after the import, beyond what it left before. */
	readonly loadedBytes: number;
	/** And after use. */
	readonly liveBytes: number;
	/** All that the machine had taken in the end, the app and its stack included. */
	readonly peakBytes: number;
}

/** Of an app that runs marked.js. */
export async function memoryOf(app: App, environment: Readonly<Record<string, string>> = {}): Promise<LibraryMemory> {
	const { exitCode, output } = await app.run({ environment: { ...environment, MEMORY: "1" } });
	if (exitCode !== 0) throw new Error(output);
	const samples = readSamples(output);
	const live = (name: string) => chipBytes(samples.get(name)!.chunks, samples.get(name)!.slots);
	const last = samples.get("used")!;
	return {
		loadedBytes: live("loaded") - live("empty"),
		liveBytes: live("used") - live("empty"),
		peakBytes: chipBytes(last.takenChunks, last.takenSlots + last.stackSlots),
	};
}

export const chipBytes = (chunks: number, slots: number): number => chunks + slots * CHIP_SLOT_BYTES;

/** By name. XS prints its own samples between them, too, and measures the stack anew after each. */
export function readSamples(output: string): Map<string, Sample> {
	const samples = new Map<string, Sample>();
	let stackSlots = 0;
	for (const [, name, values] of output.matchAll(/^(?:sample (\S+)\n)?instruments: (.*)$/gm)) {
		// The machine's own twelve come last: fxSampleInstrumentation in XS.
		const [chunks, takenChunks, slots, takenSlots, stack] = values!.split(",").slice(-12).map(Number);
		const count = (bytes: number | undefined) => bytes! / SLOT_BYTES;
		stackSlots = Math.max(stackSlots, count(stack));
		if (name === undefined) continue;
		samples.set(name, {
			chunks: chunks!,
			slots: count(slots),
			takenChunks: takenChunks!,
			takenSlots: count(takenSlots),
			stackSlots,
		});
	}
	return samples;
}
