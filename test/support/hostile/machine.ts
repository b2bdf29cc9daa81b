/** Machines that cannot grow, for the driver of the rows (driver.js) on XS. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type App, type Machine, project } from "../../../hw/simulator/harness.ts";
import { buildFixed } from "../instrumented.ts";

type Room = Pick<Machine, "chunk" | "heap">;

/**
 * A second slot, and what brings an update into it, beside the firmware's: the engine's sizes of instructions, for one. Of that 150
 * slots are files that stand for its flash, live from the start.
 */
export const APPLICATION: Room = { chunk: 0, heap: 432 };

export const larger = ({ chunk, heap, stack }: Machine, more: Room): Machine => ({
	chunk: chunk + more.chunk,
	heap: heap + more.heap,
	stack,
});

/** For a server that does not know max_fragment_length (RFC 6066, section 4): in its place stands an extension that no server knows (RFC 8701). */
export function buildWithoutLimit(machine: Machine): Promise<App> {
	const hello = readFileSync(join(project, "dist/moddable/tls/hello.js"), "utf8");
	const changed = hello.replace(/\(1, 1\);/, "(0x1a1a, 1);");
	assert.notEqual(changed, hello);
	mkdirSync(join(project, "build/sim"), { recursive: true });
	writeFileSync(join(project, "build/sim/hello-without-limit.js"), changed);
	return build(machine, "hostile-records", {
		"~": "$(ENROLLEE)/dist/moddable/tls/hello",
		"ssl/hello": "$(ENROLLEE)/build/sim/hello-without-limit",
	});
}

export const build = (machine: Machine, name = "hostile", modules: object = {}): Promise<App> =>
	buildFixed(
		name,
		machine,
		{
			main: "$(ENROLLEE)/test/sim/apps/hostile",
			"hostile/driver": "$(ENROLLEE)/test/support/hostile/driver",
			"hostile/flash": "$(ENROLLEE)/test/support/hostile/flash",
			"hostile/slot": "$(ENROLLEE)/test/support/hostile/slot",
			"hostile/app-slot": "$(ENROLLEE)/test/support/hostile/app-slot",
			"enrollee/apps": "$(ENROLLEE)/dist/moddable/apps",
			"enrollee/app-engine": "$(ENROLLEE)/dist/moddable/app-engine",
			"*": "$(ENROLLEE)/hw/moddable/native/app",
			"enrollee/app-flash": "$(ENROLLEE)/dist/moddable/app-flash-files",
			...modules,
		},
		["enrollee/apps", "enrollee/app-engine", "hostile/driver", "hostile/flash", "hostile/slot", "hostile/app-slot"],
	);
