/**
 * The heap of the bench's app by XS's instrumentation, as on a 32-bit chip: slots of 16 bytes instead of the
 * simulator's 32, chunks as they are. Live is what a garbage collection leaves, less what it left before the library was
 * loaded; peak is all that the machine had reserved, the app and its stack included.
 */
import type { App } from "../../test/sim/harness.ts";

const SLOT_BYTES = 32;
const CHIP_SLOT_BYTES = 16;

type Sample = Readonly<Record<string, number>>;

export async function memoryOf(app: App, library: string): Promise<{ liveBytes: number; peakBytes: number }> {
	const { exitCode, output } = await app.run({ environment: { LIBRARY: library, MEMORY: "1" } });
	if (exitCode !== 0) throw new Error(output);
	const { rested, all } = readSamples(output);
	const slots = (sample: Sample, what: string) => (sample[`${what}`]! / SLOT_BYTES) * CHIP_SLOT_BYTES;
	const live = (name: string) => slots(rested.get(name)!, "Slot used") + rested.get(name)!["Chunk used"]!;
	const last = all.at(-1)!;
	const stack = Math.max(...all.map((sample) => slots(sample, "Stack used")));
	return {
		liveBytes: live("used") - live("empty"),
		peakBytes: slots(last, "Slot available") + last["Chunk available"]! + stack,
	};
}

function readSamples(output: string): { rested: Map<string, Sample>; all: Sample[] } {
	const rested = new Map<string, Sample>();
	const all: Sample[] = [];
	let names: string[] = [];
	for (const line of output.split("\n")) {
		const [, keys] = /^instruments key: (.*)/.exec(line) ?? [];
		const [, values] = /^instruments: (.*)/.exec(line) ?? [];
		const [, name] = /^rested (.*)/.exec(line) ?? [];
		if (keys) names = keys.split(",");
		if (values) all.push(Object.fromEntries(values.split(",").map((value, i) => [names[i]!, Number(value)])));
		if (name) rested.set(name, all.at(-1)!);
	}
	return { rested, all };
}
