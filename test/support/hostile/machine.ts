/** Machines that cannot grow, for the driver of the rows (driver.js) on XS. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type App, buildForXs, project } from "../../../hw/simulator/harness.ts";

/** Bytes of chunks, slots of the heap and of the stack. */
export interface Machine {
	readonly chunk: number;
	readonly heap: number;
	readonly stack: number;
}

type Room = Pick<Machine, "chunk" | "heap">;

const { creation } = JSON.parse(readFileSync(join(project, "hw/moddable/manifest.json"), "utf8"));

export const RESERVED: Machine = {
	chunk: creation.chunk.initial,
	heap: creation.heap.initial,
	stack: creation.stack,
};
/** The driver of the rows, and the list of what it has met: so much more is live at its start than of an application without. */
export const DRIVER: Room = { chunk: 1720, heap: 216 };
/**
 * A second slot, and what brings an update into it, beside the firmware's; of that 208 bytes and 144 slots are files that stand for its
 * flash, live from the start.
 */
export const APPLICATION: Room = { chunk: 208, heap: 360 };

export const larger = ({ chunk, heap, stack }: Machine, more: Room): Machine => ({
	chunk: chunk + more.chunk,
	heap: heap + more.heap,
	stack,
});

/** As in memory.test.ts. */
export const SMALL: Machine = larger({ chunk: 23_872, heap: 2048, stack: 652 }, DRIVER);

export const build = (name: string, { chunk, heap, stack }: Machine, modules: object = {}): Promise<App> =>
	buildForXs({
		name,
		build: "instrument",
		engine: "memory",
		manifest: {
			include: [
				"$(ENROLLEE)/hw/moddable/manifest.json",
				"$(MODDABLE)/modules/base/debug/manifest.json",
				"$(MODDABLE)/modules/base/instrumentation/manifest.json",
			],
			modules: {
				"*": [],
				main: "$(ENROLLEE)/test/sim/apps/hostile",
				"hostile/driver": "$(ENROLLEE)/test/support/hostile/driver",
				"hostile/slot": "$(ENROLLEE)/test/support/hostile/slot",
				"hostile/app-slot": "$(ENROLLEE)/test/support/hostile/app-slot",
				"enrollee/apps": "$(ENROLLEE)/dist/moddable/apps",
				"enrollee/app-flash": "$(ENROLLEE)/dist/moddable/app-flash-files",
				...modules,
			},
			preload: ["enrollee/apps", "hostile/driver", "hostile/slot", "hostile/app-slot"],
			creation: { chunk: { initial: chunk, incremental: 0 }, heap: { initial: heap, incremental: 0 }, stack },
		},
	});
