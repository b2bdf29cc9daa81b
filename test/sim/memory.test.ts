/**
 * The whole agent in 64 KB of XS memory: it enrols and works with the hub in a machine that has exactly that and cannot
 * grow. XS aborts one that runs short (exit codes 101 to 103), so the run itself is the measure. A renewal over the live
 * session needs more: what the manifest reserves, which must do without growing, too.
 *
 * What is live in each phase is kept in bench/moddable-memory.md (written with ENROLLEE_BENCH=write).
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { type App, type Machine, project, type Run, skip } from "../../hw/simulator/harness.ts";
import { environmentOf } from "../../hw/simulator/settings.ts";
import { FAULTS } from "../../src/remedies.ts";
import { buildFixed, FIXED, LIMIT, RESERVED } from "../support/instrumented.ts";
import { startReportedCloud } from "../support/reported-renewal.ts";

/** A slot has 32 bytes in the simulator, 16 on a 32-bit chip. */
const SLOT_BYTES = 32;
const CHIP_SLOT_BYTES = 16;

const onChip = (chunks: number, slots: number, stack: number): number => chunks + (slots + stack) * CHIP_SLOT_BYTES;

/** What a renewal takes at most, whatever comes in between. */
const MOST_RENEWAL = 76_144;
/** Of the five Faults that a report can have, those whose remedies are longest. */
const LONGEST = Object.entries(FAULTS)
	.sort(([, a], [, b]) => b.length - a.length)
	.slice(0, 5)
	.map(([code]) => code)
	.join();
const RENEWING: Machine = { chunk: 26_624, heap: 2432, stack: 660 };

test("enrolment and hub session in a machine of 64 KB that cannot grow", { skip }, async (t) => {
	assert.ok(onChip(FIXED.chunk, FIXED.heap, FIXED.stack) <= LIMIT);
	const { exitCode, output } = await enrol(await build(FIXED));
	assert.equal(exitCode, 0, output);
	t.diagnostic(`\n${format(output, FIXED)}`);
});

/** Neither costs more. */
const OTHERWISE = [
	["over WebSocket", { ENROLLEE_TRANSPORT: "ws" }],
	["with a P-384 key", { ENROLLEE_KEY: "P-384" }],
	["whose bytes come all at once every 20 ms", { XS_SOCKETS: "20" }],
] as const;

for (const [how, settings] of OTHERWISE)
	test(`the same ${how}`, { skip }, async () => {
		const { exitCode, output } = await enrol(await build(FIXED), settings);
		assert.equal(exitCode, 0, output);
	});

test("a renewal over the live session in what the manifest reserves, without growing", { skip }, async (t) => {
	const { chunk, heap, stack } = RESERVED;
	assert.ok(chunk >= FIXED.chunk && heap >= FIXED.heap && stack >= FIXED.stack / 0.85);
	const { exitCode, output } = await enrol(await build(RESERVED), { RENEW: "1" });
	assert.equal(exitCode, 0, output);
	assert.match(output, /^phase renewal\.request /m);
	const table = format(output, RESERVED);
	t.diagnostic(`\n${table}`);
	if (process.env.ENROLLEE_BENCH === "write") writeFileSync(join(project, "bench/moddable-memory.md"), table);
});

for (const [how, settings] of [["", {}], ...OTHERWISE] as const)
	test(`a renewal ${how} whose certificate comes while a report is on its way, in ${MOST_RENEWAL} bytes`, {
		skip,
	}, async () => {
		const { chunk, heap, stack } = RENEWING;
		assert.ok(onChip(chunk, heap, stack) <= MOST_RENEWAL);
		assert.ok(chunk <= RESERVED.chunk && heap <= RESERVED.heap && stack <= RESERVED.stack);
		const app = await build(RENEWING);
		const { exitCode, output } = await enrol(app, { RENEW: "1", FAULTS: LONGEST, ...settings }, startReportedCloud());
		assert.equal(exitCode, 0, output);
		assert.match(output, /^phase renewal\.request /m);
	});

const build = (machine: Machine): Promise<App> =>
	buildFixed("memory", machine, { main: "$(ENROLLEE)/test/sim/apps/memory" });

async function enrol(
	app: App,
	environment: Readonly<Record<string, string>> = {},
	starting: Promise<Cloud> = startCloud(),
): Promise<Run> {
	const state = mkdtempSync(join(tmpdir(), "enrollee-memory-"));
	const cloud = await starting;
	try {
		return await app.run({
			environment: { ...environment, ...environmentOf(cloud, state) },
		});
	} finally {
		await cloud.close();
		rmSync(state, { recursive: true });
	}
}

function format(output: string, machine: typeof FIXED): string {
	const rows = [...output.matchAll(/^phase (\S+) (\d+) (\d+) (\d+)$/gm)].map(([, name, ...values]) => {
		const [chunks, slots, stack] = values.map(Number) as [number, number, number];
		return row(name!, chunks, slots / SLOT_BYTES, stack / SLOT_BYTES);
	});
	assert.ok(rows.length >= 8, output);
	return `${HEAD}\n${rows.join("\n")}\n${row("all, garbage included", machine.chunk, machine.heap, machine.stack)}\n`;
}

const row = (name: string, chunks: number, slots: number, stack: number): string =>
	`| ${name} | ${chunks} | ${slots} | ${stack} | ${onChip(chunks, slots, stack)} |`;

const HEAD = `# Memory of the agent on XS

Measured in the simulator by XS's instrumentation: release build, enrolment by symmetric key, a hub session over mutual
TLS, then a renewal over that session. Each phase shows what is live when it is reached, after a garbage collection, and the
deepest stack since the sample that the simulator takes each second. The last row is the machine that the run was given, what
hw/moddable/manifest.json reserves: it cannot grow, and XS would abort if any moment in between needed more. Up to the
first acknowledged telemetry one of exactly ${LIMIT} bytes is enough (${FIXED.chunk} of chunks, ${FIXED.heap} slots, ${FIXED.stack} of
stack). The last column is derived: chunks as they are, slots of 16 bytes, as on a 32-bit chip. Made by
test/sim/memory.test.ts with ENROLLEE_BENCH=write.

| phase | chunks, bytes | heap, slots | stack, slots | ESP32, bytes |
| --- | --- | --- | --- | --- |`;
