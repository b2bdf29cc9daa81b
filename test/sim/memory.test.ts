/**
 * What the agent takes of the XS machine, by XS's own instrumentation: at rest, at the peak of an enrolment, connected.
 * The table is kept in bench/moddable-memory.md (written with ENROLLEE_BENCH=write); the manifest's `creation` must hold it.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startCloud } from "../cloud/cloud.ts";
import { type App, buildForXs, project, skip } from "./harness.ts";

/** A slot has 32 bytes in the simulator, 16 on a 32-bit chip. */
const SLOT_BYTES = 32;
const CHIP_SLOT_BYTES = 16;

interface Use {
	readonly chunks: number;
	readonly slots: number;
	readonly stackSlots: number;
}

test("the agent fits into the memory that the manifest reserves", { skip }, async (t) => {
	const { creation } = JSON.parse(readFileSync(join(project, "hw/moddable/manifest.json"), "utf8"));
	const { chunk, heap, stack } = creation;
	const small = await measure("memory-small", { chunk: { ...chunk, initial: 8192 }, heap: { ...heap, initial: 256 } });
	const own = await measure("memory", {});
	const table = format({
		started: own.started,
		connected: own.connected,
		"reserved, growing from little": small.reserved,
		"reserved, with our creation": own.reserved,
	});
	t.diagnostic(`\n${table}`);
	if (process.env.ENROLLEE_BENCH === "write") writeFileSync(join(project, "bench/moddable-memory.md"), table);

	assert.ok(own.reserved.stackSlots <= 0.85 * stack, `stack: ${own.reserved.stackSlots} of ${stack} slots`);
	assert.ok(own.reserved.slots <= heap.initial, `heap: grew to ${own.reserved.slots} of ${heap.initial} slots`);
	assert.ok(own.reserved.chunks <= chunk.initial, `chunks: grew to ${own.reserved.chunks} of ${chunk.initial} bytes`);
});

async function measure(name: string, creation: object): Promise<Record<"started" | "connected" | "reserved", Use>> {
	const app = await buildForXs({
		name,
		build: "instrument",
		manifest: {
			include: ["$(ENROLLEE)/hw/moddable/manifest.json", "$(MODDABLE)/modules/base/debug/manifest.json"],
			modules: { "*": [], main: "$(ENROLLEE)/test/sim/apps/memory" },
			creation,
		},
	});
	const samples = readSamples(await enrol(app));
	const all = [...samples.values()];
	return {
		started: use(samples.get("started")!, "used"),
		connected: use(samples.get("connected")!, "used"),
		reserved: {
			...use(all.at(-1)!, "available"),
			// The stack is reserved whole; what counts is how deep it went.
			stackSlots: Math.max(...all.map((sample) => use(sample, "used").stackSlots)),
		},
	};
}

async function enrol(app: App): Promise<string> {
	const state = mkdtempSync(join(tmpdir(), "enrollee-memory-"));
	const cloud = await startCloud();
	try {
		const { exitCode, output } = await app.run({
			environment: {
				ENROLLEE_STATE: state,
				ENROLLEE_DPS: `${cloud.host}:${cloud.port}`,
				ENROLLEE_ID_SCOPE: cloud.idScope,
				ENROLLEE_REGISTRATION_ID: cloud.registrationId,
				ENROLLEE_CA: readFileSync(cloud.rootCa, "utf8"),
				ENROLLEE_SYMMETRIC_KEY: cloud.symmetricKey,
			},
		});
		assert.equal(exitCode, 0, output);
		return output;
	} finally {
		await cloud.close();
		rmSync(state, { recursive: true });
	}
}

type Sample = Readonly<Record<string, number>>;

/** The last sample before each "rested NAME", and all others under numbers. */
function readSamples(output: string): Map<string, Sample> {
	const samples = new Map<string, Sample>();
	let names: string[] = [];
	let last: Sample = {};
	for (const line of output.split("\n")) {
		const [, key] = /^instruments key: (.*)/.exec(line) ?? [];
		const [, values] = /^instruments: (.*)/.exec(line) ?? [];
		const [, rested] = /^rested (.*)/.exec(line) ?? [];
		if (key) names = key.split(",");
		if (values) {
			last = Object.fromEntries(values.split(",").map((value, i) => [names[i]!, Number(value)]));
			samples.set(String(samples.size), last);
		}
		if (rested) samples.set(rested, last);
	}
	return samples;
}

const use = (sample: Sample, what: "used" | "available"): Use => ({
	chunks: sample[`Chunk ${what}`]!,
	slots: sample[`Slot ${what}`]! / SLOT_BYTES,
	stackSlots: sample["Stack used"]! / SLOT_BYTES,
});

function format(rows: Readonly<Record<string, Use>>): string {
	const lines = Object.entries(rows).map(([name, { chunks, slots, stackSlots }]) => {
		const chip = chunks + (slots + stackSlots) * CHIP_SLOT_BYTES;
		return `| ${name} | ${chunks} | ${slots} | ${stackSlots} | ${chip} |`;
	});
	return `${HEAD}\n${lines.join("\n")}\n`;
}

const HEAD = `# Memory of the agent on XS

Measured in the simulator by XS's instrumentation: release build, enrolment by symmetric key, then a hub session over mutual
TLS. "started" and "connected" are live after a garbage collection, the stack the deepest of the second before; "reserved" is
what the machine had taken in the end, the stack the deepest of all. The last column is derived: chunks as they are, slots of
16 bytes, as on a 32-bit chip. Made by test/sim/memory.test.ts with ENROLLEE_BENCH=write.

| state | chunks, bytes | heap, slots | stack, slots | ESP32, bytes |
| --- | --- | --- | --- | --- |`;
