/** Agents in machines that cannot grow, with XS's instrumentation: what they need beyond ends in an abort. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type App, buildForXs, type Machine, project } from "../../hw/simulator/harness.ts";

/** 64 KB, and 1.5 KB for the choice between MQTT over TLS and over WebSocket: its two frames are in every call. */
export const LIMIT = 64 * 1024 + 1536;
/** Together the limit. */
export const FIXED: Machine = { chunk: 23_616, heap: 2064, stack: 652 };

const { creation } = JSON.parse(readFileSync(join(project, "hw/moddable/manifest.json"), "utf8"));
/** The manifest's own. */
export const RESERVED: Machine = {
	chunk: creation.chunk.initial,
	heap: creation.heap.initial,
	stack: creation.stack,
};

export const buildFixed = (
	name: string,
	machine: Machine,
	modules: object,
	preload: readonly string[] = [],
): Promise<App> =>
	buildForXs({
		name,
		build: "instrument",
		machine,
		manifest: {
			include: [
				"$(ENROLLEE)/hw/moddable/manifest.json",
				"$(MODDABLE)/modules/base/debug/manifest.json",
				"$(MODDABLE)/modules/base/instrumentation/manifest.json",
			],
			modules: { "*": [], ...modules },
			preload,
		},
	});
