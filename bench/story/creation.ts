/**
 * The story with other sizes of the heaps than the manifest's: what RAM buys in instructions. A heap that is too small grows, as on a chip
 * that has the room, and is collected the more often the fuller it stands.
 */
import { buildStory, CREATION, type Creation, tell } from "./story.ts";

/** Beside the manifest's: bytes of chunks, and slots, more or less. */
const STEPS = [
	[-8192, 0],
	[-4096, 0],
	[0, -384],
	[0, 0],
	[0, 512],
	[4096, 0],
	[8192, 0],
	[8192, 512],
	[32768, 2048],
] as const;

/** Of a slot on a 32-bit chip. */
const SLOT_BYTES = 16;

export interface Row {
	readonly chunkBytes: number;
	readonly slots: number;
	/** All that is reserved, the stack included. */
	readonly bytes: number;
	/** From start to hub, and of the whole story. */
	readonly toHub: number;
	readonly instructions: number;
	readonly collections: number;
}

/** One story each. */
export async function measureCreation(): Promise<Row[]> {
	const rows: Row[] = [];
	for (const [i, [chunks, slots]] of STEPS.entries()) {
		const { chunk, heap } = CREATION;
		const creation: Creation = {
			...CREATION,
			chunk: { ...chunk, initial: chunk.initial + chunks },
			heap: { ...heap, initial: heap.initial + slots },
		};
		const phases = Object.values(await tell(await buildStory(creation, `bench-creation-${i}`)));
		const sum = (some: typeof phases, of: (phase: (typeof phases)[number]) => number): number =>
			some.reduce((total, phase) => total + of(phase), 0);
		rows.push({
			chunkBytes: creation.chunk.initial,
			slots: creation.heap.initial,
			bytes: creation.chunk.initial + SLOT_BYTES * (creation.heap.initial + creation.stack),
			toHub: sum(phases.slice(0, 4), ({ instructions }) => instructions),
			instructions: sum(phases, ({ instructions }) => instructions),
			collections: sum(phases, ({ collections }) => collections),
		});
	}
	return rows;
}

export function formatCreation(rows: readonly Row[]): string {
	const cells = (values: readonly string[]): string => values.map((value) => value.padStart(16)).join("");
	return [
		"The story by the sizes of the heaps; the manifest's creation among them",
		cells(["chunks, bytes", "slots", "reserved, bytes", "to the hub, M", "story, M", "collections"]),
		...rows.map(({ chunkBytes, slots, bytes, toHub, instructions, collections }) =>
			cells([
				...[chunkBytes, slots, bytes].map((value) => value.toLocaleString("en")),
				...[toHub, instructions].map((value) => (value / 1e6).toFixed(1)),
				String(collections),
			]),
		),
	].join("\n");
}
