/**
 * The whole agent: memory of the XS machine after each phase from boot to a renewal, bytes on the wire against the local
 * cloud, bytecode of each room, flash of the ESP32's script.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, buildForXs, project } from "../../hw/simulator/harness.ts";
import { environmentOf } from "../../hw/simulator/settings.ts";
import { type FlashBytes, linkForEsp32 } from "../../test/sim/esp32.ts";
import { startReportedCloud } from "../../test/support/reported-renewal.ts";
import { median } from "../budgets.ts";
import { chipBytes, readSamples, type Sample } from "../memory.ts";
import { type Bytes, startProxy } from "./proxy.ts";
import { bytecodeOfRooms } from "./rooms.ts";

export interface Phase {
	/** What a garbage collection leaves at the end of the phase. */
	readonly liveChunkBytes: number;
	readonly liveSlots: number;
	/** What the machine has taken up to then: its peak, since it began small and grew by little. */
	readonly takenChunkBytes: number;
	readonly takenSlots: number;
	readonly stackSlots: number;
	/** Chunks, slots and stack taken, with slots of 16 bytes: not more than 64 KB up to the first telemetry. */
	readonly sumBytes: number;
}

export interface Result {
	readonly memory: Readonly<Record<string, Phase>>;
	readonly wire: Readonly<Record<string, Bytes>>;
	readonly bytecode: Readonly<Record<string, number>>;
	readonly esp32: FlashBytes;
}

/** When packets arrive, and how long the signatures' numbers are, differs a little from run to run. */
const LIVES = 3;

const PHASES = ["boot", "csr", "dps", "enrolled", "hub", "connected", "telemetry", "renewed"] as const;

export async function measureAgent(): Promise<Result> {
	const app = await build();
	const lives = [];
	for (let i = 0; i < LIVES; i++) lives.push(await live(app));
	return {
		...median(lives),
		bytecode: await bytecodeOfRooms(),
		esp32: linkForEsp32(join(project, "manifest.json"), "esp32", "esp32").flash,
	};
}

/** A machine that starts small and grows by little, in place (chunks.c), so that what it has taken is what it needed. */
function build(): Promise<App> {
	const { creation } = JSON.parse(readFileSync(join(project, "hw/moddable/manifest.json"), "utf8"));
	return buildForXs({
		name: "bench-agent",
		build: "instrument",
		manifest: {
			build: { LIBRARIES: "-Wl,--wrap=fxAllocateChunks,--wrap=fxFreeChunks" },
			include: [
				"$(ENROLLEE)/hw/moddable/manifest.json",
				"$(MODDABLE)/modules/base/debug/manifest.json",
				"$(ENROLLEE)/bench/xs/manifest.json",
			],
			creation: { ...creation, chunk: { initial: 1024, incremental: 256 }, heap: { initial: 256, incremental: 32 } },
			modules: {
				"*": "$(ENROLLEE)/bench/agent/chunks",
				main: "$(ENROLLEE)/bench/agent/main",
				app: "$(ENROLLEE)/bench/agent/app",
			},
			preload: ["app"],
		},
	});
}

async function live(app: App): Promise<Pick<Result, "memory" | "wire">> {
	const state = mkdtempSync(join(tmpdir(), "enrollee-bench-"));
	const cloud = await startReportedCloud();
	const wire: Record<string, Bytes> = {};
	let connections = 0;
	const proxy = await startProxy(cloud.port, () => {
		// The second connection is the hub's: what passed before was the enrolment.
		if (++connections === 2) wire.enrolment = proxy.take();
	});
	const quiet: Record<string, string> = { connected: "hubConnect", telemetry: "telemetry", renewed: "renewal" };
	try {
		const { exitCode, output } = await app.run({
			environment: {
				...environmentOf(cloud, state),
				ENROLLEE_DPS: `${cloud.host}:${proxy.port}`,
				ENROLLEE_HUB: `${cloud.host}:${proxy.port}`,
			},
			onLine(line) {
				const name = quiet[/^quiet (\w+)$/.exec(line)?.[1] ?? ""];
				if (name !== undefined) wire[name] = proxy.take();
			},
		});
		if (exitCode !== 0) throw new Error(output);
		const samples = readSamples(output);
		const phases = PHASES.map((name) => [name, phase(samples.get(name)!, samples.get(`${name}.taken`)!)]);
		return { memory: Object.fromEntries(phases), wire };
	} finally {
		proxy.close();
		await cloud.close();
		rmSync(state, { recursive: true });
	}
}

function phase(left: Sample, taken: Sample): Phase {
	return {
		liveChunkBytes: left.chunks,
		liveSlots: left.slots,
		takenChunkBytes: taken.takenChunks,
		takenSlots: taken.takenSlots,
		stackSlots: taken.stackSlots,
		sumBytes: chipBytes(taken.takenChunks, taken.takenSlots + taken.stackSlots),
	};
}
