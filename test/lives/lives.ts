/** Many lives on several threads: life number k of a run has the seed `seed + k`; one in a hundred has real keys. */
import { Worker } from "node:worker_threads";
import type { LifeResult } from "./life.ts";
import type { Work } from "./worker.ts";

export interface LivesOptions {
	readonly lives: number;
	readonly years: number;
	readonly seed: number;
	readonly threads: number;
	readonly onLife?: (result: LifeResult) => void;
}

/** Every so many lives one with the device's own cryptography, the first one among them. */
export const REAL_EVERY = 100;
export const isReal = (number: number): boolean => number % REAL_EVERY === 0;

export async function runLives({ lives, years, seed, threads, onLife }: LivesOptions): Promise<LifeResult[]> {
	const results: LifeResult[] = [];
	const numbers = Array.from({ length: lives }, (_, number) => number);
	// The long ones first, so that no thread ends alone with one of them.
	const queues = { real: numbers.filter(isReal), cheap: numbers.filter((number) => !isReal(number)) };
	const flavours = Array.from({ length: threads }, (_, thread) => thread === 0);
	await Promise.all(
		flavours.map(async (first) => {
			if (first) await work(false, queues.real);
			await work(true, queues.cheap);
		}),
	);
	return results.sort((a, b) => a.seed - b.seed);

	function work(cheap: boolean, queue: number[]): Promise<void> {
		const workerData: Work = { cheap, years };
		return new Promise((resolve, reject) => {
			if (queue.length === 0) return resolve();
			const worker = new Worker(new URL("./thread.mjs", import.meta.url), {
				workerData,
				resourceLimits: { maxYoungGenerationSizeMb: 64 },
			});
			worker.on("error", reject);
			worker.on("message", (message: LifeResult | "ready") => {
				if (message !== "ready") {
					results.push(message);
					onLife?.(message);
				}
				const next = queue.shift();
				if (next !== undefined) worker.postMessage(seed + next);
				else void worker.terminate().then(() => resolve());
			});
		});
	}
}
