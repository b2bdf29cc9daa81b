/** The tables of the documents that claim a measured number have the one that the benches guard (bench/budgets.json), within 5 %. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MOST } from "../../bench/story/story.ts";
import { numbersIn, rowOf, sourceNumbers } from "./documents.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const { agent, crypto, mqtt, wake } = JSON.parse(readFileSync(join(ROOT, "bench/budgets.json"), "utf8"));
const TOLERANCE = 0.05;
const PHASES = ["boot", "csr", "dps", "enrolled", "hub", "telemetry", "renewed"];

interface Phase {
	readonly liveChunkBytes: number;
	readonly liveSlots: number;
	readonly sumBytes: number;
}

const phases: readonly Phase[] = PHASES.map((name) => agent.memory[name]);
const OPERATIONS = ["keygen", "sign", "verify"] as const;
type Costs = Readonly<Record<(typeof OPERATIONS)[number], number>>;
const operations = (of: Costs, ...more: number[]): number[] => [...OPERATIONS.map((name) => of[name]), ...more];
const ratios = ({ ours, stock }: { ours: Costs; stock: Costs }) => OPERATIONS.map((name) => stock[name] / ours[name]);
const bytes = ({ up, down }: { up: number; down: number }) => [up, down];
const ram = ({ liveBytes, peakBytes }: { liveBytes: number; peakBytes: number }) => [liveBytes, peakBytes];

/** Document, how the row begins that has them, numbers; the how-manieth such row, from 0. */
const CLAIMS: readonly (readonly [string, string, readonly number[], number?])[] = [
	["README.md", "P-256, Enrollee on XS, from ROM", operations(crypto.ours, crypto.ours.liveBytes)],
	["README.md", "stock noble on XS", operations(crypto.stock, crypto.stock.liveBytes)],
	["README.md", "stock / Enrollee", ratios(crypto)],
	["README.md", "mbedTLS in C", operations(crypto.mbedtls)],
	["README.md", "P-384, Enrollee on XS, from ROM", operations(crypto.p384.ours, crypto.p384.ours.liveBytes)],
	["README.md", "stock noble on XS", operations(crypto.p384.stock, crypto.p384.stock.liveBytes), 1],
	["README.md", "stock / Enrollee", ratios(crypto.p384), 1],
	["README.md", "taken at most", phases.map(({ sumBytes }) => sumBytes)],
	["README.md", "live", phases.map(({ liveChunkBytes, liveSlots }) => liveChunkBytes + 16 * liveSlots)],
	["README.md", "enrolment", bytes(agent.wire.enrolment)],
	["README.md", "connecting to the hub", bytes(agent.wire.hubConnect)],
	["README.md", "one message, acknowledged", bytes(agent.wire.telemetry)],
	["README.md", "renewal and the new connection", bytes(agent.wire.renewal)],
	["bench/README.md", "both curves, the default", [crypto.flash.both, ...ram(crypto.ours), ...ram(crypto.p384.ours)]],
	["bench/README.md", "keys on P-256 only", [crypto.flash["P-256"], ...ram(crypto.ram["P-256"])]],
	["bench/README.md", "keys on P-384 only", [crypto.flash["P-384"], ...ram(crypto.ram["P-384"])]],
	["bench/README.md", "both curves by noble's formulas", [crypto.flash["noble-formulas"]]],
	...["docs/battery.md", "bench/README.md"].flatMap(
		(document) =>
			[
				[document, document.startsWith("docs") ? "the first wake" : "enrolment and a message", costs(wake.enrolment)],
				[document, document.startsWith("docs") ? "every other" : "a wake", costs(wake.wake)],
			] as const,
	),
];

for (const [document, label, measured, nth] of CLAIMS)
	test(`${document}: ${label}${nth ? ", once more" : ""}`, () => near(rowOf(document, label, nth), measured));

const PHASE_LABELS: Readonly<Record<string, string>> = {
	csr: "start, key, CSR",
	dpsTls: "TLS to DPS",
	chain: "issued chain checked",
	hubTls: "mutual TLS to the hub",
	message: "a message, acknowledged",
	request: "renewal: key, CSR",
	answer: "renewal answer",
	newTls: "TLS after the renewal",
	reconnect: "reconnect",
};

const README = readFileSync(join(ROOT, "README.md"), "utf8").replace(/\s+/g, " ");
const { flash } = crypto;
const esp32 = readFileSync(join(ROOT, "bench/moddable-flash.md"), "utf8").match(/^\| esp32 \|.*$/m)![0];
const flashed = esp32.split("|").slice(2, -1).map(Number);
const [bytecode, texts, slots, bigInts] = flashed as [number, number, number, number];
const mqttCosts = (names: RegExp): number[] =>
	Object.entries(mqtt.instructions as Record<string, number>).flatMap(([name, cost]) =>
		names.test(name) ? [cost] : [],
	);
const reading = mqttCosts(/^read[A-Z]/);
const writing = mqttCosts(/^encode/);

const [chunk, heap, stack] = sourceNumbers(
	"test/support/instrumented.ts",
	/FIXED: Machine = \{ chunk: ([\d_]+), heap: (\d+), stack: (\d+) \}/,
) as [number, number, number];
const grown = sourceNumbers(
	"bench/agent/agent.ts",
	/chunk: \{ initial: (\d+), incremental: (\d+) \}, heap: \{ initial: (\d+), incremental: (\d+) \}/,
);
const story = (label: string): number[] => rowOf("bench/README.md", label);
const [ours, theirs] = story("**enrolment to hub**");
const [resumed] = story("reconnect, session resumed");
const board = (label: string): number[] => rowOf("docs/board.md", label);
const lowest = board("renewal: reconnected")[2]!;
const [imageBytes] = board("all of it");
const [stackBytes, unused] = board("`main`");
const [appSlot] = sourceNumbers("hw/moddable/partitions.csv", /ota_0, *app, *ota_0, *\w+, *(0x[0-9a-f]+)/i);

/** Sentences: a number is what a group of the expression matches. */
const SENTENCES: readonly (readonly [string, RegExp, readonly number[]])[] = [
	["README.md", /machine that has (\S+) KB of XS memory/, [(chunk + 16 * (heap + stack)) / 1024]],
	[
		"hw/moddable/README.md",
		/needs (\S+) KB of XS memory .* machine of (\S+) bytes of chunks, (\d+) heap slots and (\d+) stack slots/,
		[(chunk + 16 * (heap + stack)) / 1024, chunk, heap, stack],
	],
	[
		"README.md",
		/begins with (\d+) KB of chunks and (\d+) slots and grows in place by (\d+) bytes and (\d+) slots/,
		[grown[0]! / 1024, grown[2]!, grown[1]!, grown[3]!],
	],
	[
		"README.md",
		/takes (\d+) million instructions .* mbedTLS takes (\d+) .* connection is resumed in (\d+)\./,
		[ours! / 1e6, theirs! / 1e6, resumed! / 1e6],
	],
	[
		"docs/battery.md",
		/(\d+ M) on the layout of a 32-bit chip, where a full one takes (\d+ M)/,
		[resumed!, story("mutual TLS to the hub")[0]!],
	],
	["docs/battery.md", /more in the same wake is (\d+) bytes up and (\d+) down/, bytes(agent.wire.telemetry)],
	["hw/moddable/README.md", /when that has ended: (\d+ KB) at its peak/, [agent.memory.renewed.sumBytes]],
	["docs/board.md", /Bench counts ([\d.]+) and ([\d.]+) M/, [crypto.ours.keygen / 1e6, crypto.ours.sign / 1e6]],
	[
		"README.md",
		/Ethernet (\d+ KB) of heap are free .* less than (\d+ KB); the image has (\S+) bytes, and its main task used (\S+) of (\S+ KB) of stack/,
		[board("connected")[1]!, lowest, imageBytes!, (stackBytes! - unused!) / 1000, stackBytes!],
	],
	[
		"README.md",
		/download takes at most (\d+) KB beside/,
		[sourceNumbers("test/sim/download-memory.test.ts", /MOST_BYTES = (\d+) \* 1024/)[0]!],
	],
	["README.md", /in a slot of (\S+) KB; the other chips/, [appSlot! / 1024]],
	[
		"README.md",
		/tables included: (\S+ KB) with keys on both curves, (\S+ KB) on P-256 only, (\S+ KB) on P-384 only/,
		[flash.both, flash["P-256"], flash["P-384"]],
	],
	[
		"README.md",
		/script on ESP32: (\S+ KB) \((\S+ KB) objects, (\S+ KB) bytecode, (\S+ KB) names and texts, (\S+ KB) tables of BigInts\)/,
		[flashed.at(-1)!, slots, bytecode, texts, bigInts],
	],
	[
		"README.md",
		/packet costs ([\d.]+) to ([\d.]+) M instructions to read and ([\d.]+) to ([\d.]+) M to write/,
		[Math.min(...reading), Math.max(...reading), Math.min(...writing), Math.max(...writing)].map((it) => it / 1e6),
	],
];

for (const [document, sentence, measured] of SENTENCES)
	test(`${document}: ${sentence.source.slice(0, 40)}`, () => near(numbersIn(document, sentence), measured));

test("README.md: the other chips' scripts are within 2 % of ESP32's", () => {
	const table = readFileSync(join(ROOT, "bench/moddable-flash.md"), "utf8");
	const sums = [...table.matchAll(/^\| esp32\S* \|.* (\d+) \|$/gm)].map(([, sum]) => Number(sum));
	assert.equal(sums.length, 4);
	for (const sum of sums) assert.ok(Math.abs(sum / sums[0]! - 1) <= 0.02, `${sum}`);
	assert.match(README, /other chips are within 2 %/);
});

test("bench/README.md: the story's phases are within their bounds, which are no larger than they have to be", () => {
	for (const [name, label] of Object.entries(PHASE_LABELS)) {
		const [measured] = story(label);
		assert.ok(measured! <= MOST[name]! * 1e6 && measured! >= MOST[name]! * 0.6e6, `${label}: ${measured}`);
	}
	assert.deepEqual(Object.keys(PHASE_LABELS).sort(), Object.keys(MOST).sort());
});

test("README.md: the machine that is reserved, in KB of 1,024 bytes", () => {
	const { creation } = JSON.parse(readFileSync(join(ROOT, "hw/moddable/manifest.json"), "utf8"));
	const reserved = creation.chunk.initial + 16 * (creation.heap.initial + creation.stack);
	near([Number(/into the (\S+) KB that `creation`/.exec(README)?.[1])], [reserved / 1024]);
	assert.ok(reserved > agent.memory.renewed.sumBytes);
});

test("README.md: what a mean life has is what the table's lives had", () => {
	const [powerCuts, networkCuts, errors] = numbersIn(
		"README.md",
		/in a mean life, (\d+) power cuts, (\d+) network cuts and (\d+) service errors/,
	) as [number, number, number];
	const [, cuts, serviceErrors] = rowOf("README.md", "10,000, the same") as [number, number, number];
	near([powerCuts + networkCuts, errors], [cuts / 10_000, serviceErrors / 10_000]);
});

test("README.md: how many lives, and how many bugs are found", () => {
	const [lives, more] = numbersIn("README.md", /--lives (\d+) --years 10 --seed \d+` and (\d+) more seeds/);
	assert.equal(lives! * (more! + 1), 10_000);
	assert.equal(readdirSync(join(ROOT, "test/lives/mutations")).length, 9);
	assert.match(README, /nine bugs put in on purpose/);
});

function costs({ instructions, up, down }: { instructions: number; up: number; down: number }): number[] {
	return [instructions, up, down];
}

function near(claimed: readonly number[], measured: readonly number[]): void {
	for (const [at, number] of measured.entries()) {
		const off = Math.abs(claimed[at]! - number) / number;
		assert.ok(off <= TOLERANCE, `number ${at + 1}: ${claimed[at]} is claimed, ${number} was measured`);
	}
}
