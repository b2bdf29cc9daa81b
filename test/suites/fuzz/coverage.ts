/** Which blocks of our code have run, by V8's own counters (node:inspector): what leads a fuzzer into new ones. */
import { type Profiler, Session } from "node:inspector";

const OURS = /\/(src|cloud)\/[^?]*\.ts/;

export class Coverage {
	readonly #session = new Session();
	readonly #seen = new Set<string>();

	/** Counts, because a mere mark is given out once only, and the same inputs have to give it again. */
	constructor() {
		this.#session.connect();
		this.#session.post("Profiler.enable");
		this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
	}

	get blocks(): number {
		return this.#seen.size;
	}

	/** What has run since the last call, and never before. */
	fresh(): string[] {
		return this.#take().filter((block) => !this.#seen.has(block));
	}

	add(blocks: readonly string[]): void {
		for (const block of blocks) this.#seen.add(block);
	}

	close(): void {
		this.#session.disconnect();
	}

	/** The callback comes before post() returns: it is this thread's own inspector. */
	#take(): string[] {
		const blocks: string[] = [];
		this.#session.post("Profiler.takePreciseCoverage", (error, taken) => {
			if (error) throw error;
			for (const script of taken.result) if (OURS.test(script.url)) blocks.push(...blocksOf(script));
		});
		return blocks;
	}
}

function* blocksOf({ scriptId, functions }: Profiler.ScriptCoverage): Generator<string> {
	for (const { ranges } of functions)
		for (const { startOffset, endOffset, count } of ranges)
			if (count > 0) yield `${scriptId}:${startOffset}-${endOffset}`;
}
