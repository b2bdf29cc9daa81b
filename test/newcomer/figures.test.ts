/** The tables of the documents that claim a measured number have the one that the benches guard (bench/budgets.json), within 5 %. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const ROOT = join(import.meta.dirname, "..", "..");
const { agent, crypto, wake } = JSON.parse(readFileSync(join(ROOT, "bench/budgets.json"), "utf8"));
const TOLERANCE = 0.05;
const PHASES = ["boot", "csr", "dps", "enrolled", "hub", "telemetry", "renewed"];

interface Phase {
	readonly liveChunkBytes: number;
	readonly liveSlots: number;
	readonly sumBytes: number;
}

const phases: readonly Phase[] = PHASES.map((name) => agent.memory[name]);
const operations = (of: "ours" | "stock" | "mbedtls") => ["keygen", "sign", "verify"].map((name) => crypto[of][name]);
const bytes = ({ up, down }: { up: number; down: number }) => [up, down];

/** Document, how the first row begins that has them, numbers. */
const CLAIMS: readonly (readonly [string, string, readonly number[]])[] = [
	["README.md", "P-256, Enrollee on XS, from ROM", operations("ours")],
	["README.md", "stock noble on XS", operations("stock")],
	["README.md", "mbedTLS in C", operations("mbedtls")],
	["README.md", "taken at most", phases.map(({ sumBytes }) => sumBytes)],
	["README.md", "live", phases.map(({ liveChunkBytes, liveSlots }) => liveChunkBytes + 16 * liveSlots)],
	["README.md", "enrolment", bytes(agent.wire.enrolment)],
	["README.md", "connecting to the hub", bytes(agent.wire.hubConnect)],
	["README.md", "one message, acknowledged", bytes(agent.wire.telemetry)],
	["README.md", "renewal and the new connection", bytes(agent.wire.renewal)],
	...["docs/battery.md", "bench/README.md"].flatMap(
		(document) =>
			[
				[document, document.startsWith("docs") ? "the first wake" : "enrolment and a message", costs(wake.enrolment)],
				[document, document.startsWith("docs") ? "every other" : "a wake", costs(wake.wake)],
			] as const,
	),
];

for (const [document, label, measured] of CLAIMS)
	test(`${document}: ${label}`, () => {
		const claimed = row(document, label);
		for (const [at, number] of measured.entries()) {
			const off = Math.abs(claimed[at]! - number) / number;
			assert.ok(off <= TOLERANCE, `column ${at + 1}: ${claimed[at]} is claimed, ${number} was measured`);
		}
	});

function costs({ instructions, up, down }: { instructions: number; up: number; down: number }): number[] {
	return [instructions, up, down];
}

/** The numbers of the row's cells: "5.4 M" is 5,400,000. */
function row(document: string, label: string): number[] {
	const line = readFileSync(join(ROOT, document), "utf8")
		.split("\n")
		.find((line) => line.startsWith(`| ${label}`));
	assert.ok(line, `${document} has no row ${label}`);
	const cells = line.split("|").slice(2, -1);
	return cells.map((cell) => {
		const [, digits, unit] = /([\d,.]+)( M)?/.exec(cell) ?? [];
		return Number(digits?.replaceAll(",", "")) * (unit ? 1e6 : 1);
	});
}
