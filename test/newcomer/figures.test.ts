/** The tables of the documents that claim a measured number have the one that the benches guard (bench/budgets.json), within 5 %. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

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
	test(`${document}: ${label}${nth ? ", once more" : ""}`, () => near(row(document, label, nth), measured));

const README = readFileSync(join(ROOT, "README.md"), "utf8").replace(/\s+/g, " ");
const { flash } = crypto;
const esp32 = readFileSync(join(ROOT, "bench/moddable-flash.md"), "utf8").match(/^\| esp32 \|.*$/m)![0];
const flashed = esp32.split("|").slice(2, -1).map(Number);
const [bytecode, slots, bigInts, regExps] = flashed as [number, number, number, number];
const mqttCosts = (names: RegExp): number[] =>
	Object.entries(mqtt.instructions as Record<string, number>).flatMap(([name, cost]) =>
		names.test(name) ? [cost] : [],
	);
const reading = mqttCosts(/^read[A-Z]/);
const writing = mqttCosts(/^encode/);

/** Sentences: a number is what a group of the expression matches. */
const SENTENCES: readonly (readonly [RegExp, readonly number[]])[] = [
	[
		/tables included: (\S+ KB) with keys on both curves, (\S+ KB) on P-256 only, (\S+ KB) on P-384 only/,
		[flash.both, flash["P-256"], flash["P-384"]],
	],
	[
		/script on ESP32: (\S+ KB) \((\S+ KB) bytecode, (\S+ KB) objects, (\S+ KB) tables\)/,
		[flashed.at(-1)!, bytecode, slots, bigInts + regExps],
	],
	[
		/packet costs ([\d.]+) to ([\d.]+) M instructions to read and ([\d.]+) to ([\d.]+) M to write/,
		[Math.min(...reading), Math.max(...reading), Math.min(...writing), Math.max(...writing)].map((it) => it / 1e6),
	],
];

for (const [sentence, measured] of SENTENCES)
	test(`README.md: ${sentence.source.slice(0, 40)}`, () => {
		const claimed = sentence.exec(README);
		assert.ok(claimed, "the sentence is there");
		near(claimed.slice(1).map(numberIn), measured);
	});

test("README.md: the machine that is reserved, in KB of 1,024 bytes", () => {
	const { creation } = JSON.parse(readFileSync(join(ROOT, "hw/moddable/manifest.json"), "utf8"));
	const reserved = creation.chunk.initial + 16 * (creation.heap.initial + creation.stack);
	near([Number(/into the (\S+) KB that `creation`/.exec(README)?.[1])], [reserved / 1024]);
	assert.ok(reserved > agent.memory.renewed.sumBytes);
});

test("README.md: what a mean life has is what the table's lives had", () => {
	const claimed = /in a mean life, (\d+) power cuts, (\d+) network cuts and (\d+) service errors/.exec(README)!;
	const [powerCuts, networkCuts, errors] = claimed.slice(1).map(Number) as [number, number, number];
	const [, cuts, serviceErrors] = row("README.md", "10,000") as [number, number, number];
	near([powerCuts + networkCuts, errors], [cuts / 10_000, serviceErrors / 10_000]);
	const [seeds, each] = /--lives (\d+) --years 10 --seed \d+` and (\d+) more seeds/
		.exec(README)!
		.slice(1)
		.map(Number) as [number, number];
	assert.equal(seeds * (each + 1), 10_000);
	assert.equal(readdirSync(join(ROOT, "test/lives/mutations")).length, 9);
	assert.match(README, /nine bugs put in on purpose/);
});

test("docs/local-cloud.md: the thousand devices are those of the plot, and none did what it says none did", () => {
	const text = readFileSync(join(ROOT, "docs/local-cloud.md"), "utf8");
	assert.match(readFileSync(join(ROOT, "docs/fleet.svg"), "utf8"), /<title>1000 devices:/);
	const value = (label: string) => text.match(new RegExp(`^ *${label} +(.*)$`, "m"))![1]!;
	assert.match(value("register and poll requests"), / \+ 1000, and/);
	for (const none of ["sooner than retry-after allows", "enrolled again"]) assert.equal(value(none), "0");
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

/** The numbers of the row's cells. */
function row(document: string, label: string, nth = 0): number[] {
	const lines = readFileSync(join(ROOT, document), "utf8").split("\n");
	const line = lines.filter((line) => line.startsWith(`| ${label}`))[nth];
	assert.ok(line, `${document} has no row ${label}`);
	return line.split("|").slice(2, -1).map(numberIn);
}

/** "5.4 M" is 5,400,000, "53.7 KB" 53,700. */
function numberIn(text: string): number {
	const [, digits, unit] = /([\d,.]+) ?(M|KB)?/.exec(text) ?? [];
	return Number(digits?.replaceAll(",", "")) * (unit === "M" ? 1e6 : unit === "KB" ? 1e3 : 1);
}
