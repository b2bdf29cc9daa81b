/**
 * The packet layer on XS, mqtt-packet behind src/mqtt/packet.ts, from ROM: instructions by callgrind over the release
 * library, the mean of three calls each; memory by XS's instrumentation.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type App, type Build, buildForXs, project } from "../../hw/simulator/harness.ts";
import { bundle } from "../../test/mqtt/vectors.ts";
import { bytecodeBytes } from "../bytecode.ts";
import { countLabelled } from "../callgrind.ts";
import { memoryOf } from "../memory.ts";

const OPERATIONS = [
	"load",
	"reader",
	"encodeConnect",
	"encodePublish",
	"encodePublish4k",
	"encodeSubscribe",
	"readConnack",
	"readPuback",
	"readPublish4k",
	"readPublish4kInFour",
] as const;

export interface Result {
	readonly instructions: Readonly<Record<(typeof OPERATIONS)[number], number>>;
	/** Live after the import, beyond the app itself. */
	readonly loadedBytes: number;
	/** Live after use, with one reader. */
	readonly liveBytes: number;
	readonly peakBytes: number;
	readonly bytecodeBytes: number;
}

const folder = join(project, "build/bench/mqtt");

export async function measureMqtt(): Promise<Result> {
	mkdirSync(folder, { recursive: true });
	await bundle(folder, "moddable");
	const release = await build("release");
	const { of } = await countLabelled(release);
	return {
		instructions: Object.fromEntries(OPERATIONS.map((name) => [name, of(name)])) as Result["instructions"],
		...(await memoryOf(await build("instrument"))),
		bytecodeBytes: bytecodeBytes(join(release.temporary, "modules/packet.xsb")),
	};
}

/** Counts are of a machine with room, so that no garbage collection falls into one; memory is of one that has to grow. */
function build(goal: Build): Promise<App> {
	const room = goal === "release";
	return buildForXs({
		name: `bench-mqtt-${goal}`,
		build: goal,
		manifest: {
			include: [
				"$(MODDABLE)/examples/manifest_base.json",
				"$(MODDABLE)/modules/base/debug/manifest.json",
				"$(MODDABLE)/modules/data/text/decoder/manifest.json",
				"$(MODDABLE)/modules/data/text/encoder/manifest.json",
				"$(ENROLLEE)/hw/simulator/lib/manifest.json",
				"$(ENROLLEE)/bench/xs/manifest.json",
			],
			creation: {
				chunk: { initial: room ? 262_144 : 1024, incremental: 256 },
				heap: { initial: room ? 16_384 : 256, incremental: 16 },
				stack: 512,
			},
			modules: {
				main: "$(ENROLLEE)/bench/mqtt/main",
				app: "$(ENROLLEE)/bench/mqtt/app",
				packet: "$(ENROLLEE)/build/bench/mqtt/packet",
			},
			preload: ["app", "packet"],
		},
	});
}

export function formatMqtt({ instructions, loadedBytes, liveBytes, peakBytes, bytecodeBytes }: Result): string {
	const rows = Object.entries(instructions).map(([name, count]) => `${name.padEnd(20)} ${(count / 1e6).toFixed(3)} M`);
	return [
		"MQTT packets in the simulator: instructions (M = a million), bytes as on a 32-bit chip",
		...rows,
		`live after import ${loadedBytes}, after use ${liveBytes}; peak ${peakBytes}, the app included; bytecode ${bytecodeBytes}`,
	].join("\n");
}
