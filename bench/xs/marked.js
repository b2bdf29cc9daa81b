/**
 * What a library costs on XS: its operations between marks, or its memory in samples. The counter cuts its count at each call
 * of `environment`, so nothing else may call that from the first mark on. Preloaded, to leave the heap to the library.
 */
import Debug from "debug";
import { sample } from "sample";
import { environment, exit } from "simulator";
import Timer from "timer";

/** `operate(library, measured)` calls `measured(label, operation)` for each; what it returns lives in the last sample. */
export async function run(specifier, operate) {
	const memory = environment("MEMORY") === "1";
	const labels = [];
	const mark = (label) => {
		if (memory) return;
		labels.push(label);
		environment("MARK");
	};
	const measured = (label, operation) => {
		mark(label);
		const result = operation();
		mark("");
		return result;
	};
	try {
		if (memory) await rest("empty");
		mark("load");
		const library = await import(specifier);
		mark("");
		if (memory) await rest("loaded");
		const kept = operate(library, measured);
		if (memory) await rest("used");
		trace(`marks ${labels.join(",")}\n`);
		exit(kept ? 0 : 1);
	} catch (error) {
		trace(`${error}\n${error.stack}\n`);
		exit(1);
	}
}

/** This function's frame, which waits, is the same in every sample. */
async function rest(name) {
	for (let i = 0; i < TURNS; i++) await new Promise((resolve) => Timer.set(resolve, 0));
	Debug.gc();
	sample(name);
}

/** Until what the turn before left behind is gone. */
const TURNS = 3;
