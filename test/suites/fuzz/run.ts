/**
 * `npm run fuzz -- [--executions N] [--only PATTERN] [--seed N] [--keep]`: runs the parsers of targets.ts with inputs that come from earlier
 * ones, keeps those that reach blocks of code that none before has reached, and prints what ends in anything but a value or a Fault.
 * Each target has the same time. 10,000,000 executions unless told otherwise, or until interrupted (SIGINT). `--keep`: small inputs that reached
 * further go into kept.json, with which every later run begins, the short one of test/suites/fuzz.test.ts too.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Random, random, SEED } from "../../support/random.ts";
import { Coverage } from "./coverage.ts";
import { mutated } from "./mutate.ts";
import { corpusOf, finding, TARGETS, type Target } from "./targets.ts";

const SLICE_MS = 400;
const MOST_BATCH = 20_000;
const MOST_KEPT_BYTES = 320;
const MOST_KEPT = 10;
const MOST_FINDINGS = 5;

const { values } = parseArgs({
	options: {
		executions: { type: "string", default: "10000000" },
		only: { type: "string", default: "" },
		seed: { type: "string", default: String(SEED) },
		keep: { type: "boolean", default: false },
	},
});

class Fuzzer {
	readonly #target: Target;
	readonly #coverage: Coverage;
	readonly #random: Random;
	readonly corpus: Uint8Array[];
	readonly found: Uint8Array[] = [];
	/** By message, the first input of each. */
	readonly findings = new Map<string, Uint8Array>();
	executions = 0;
	#batch = 200;

	constructor(target: Target, coverage: Coverage, random: Random) {
		this.#target = target;
		this.#coverage = coverage;
		this.#random = random;
		this.corpus = corpusOf(target);
		this.#explore(this.corpus.slice());
	}

	slice(): void {
		const inputs = Array.from({ length: this.#batch }, () => mutated(this.corpus, this.#random));
		const begun = process.cpuUsage();
		this.#explore(inputs);
		const { user, system } = process.cpuUsage(begun);
		const milliseconds = Math.max(1, (user + system) / 1000);
		this.#batch = Math.min(MOST_BATCH, Math.max(20, Math.round((this.#batch * SLICE_MS) / milliseconds)));
	}

	/** Coverage costs as much as a thousand inputs: it is asked for once, and again by halves where there was something new. */
	#explore(inputs: readonly Uint8Array[]): void {
		for (const bytes of inputs) this.#run(bytes);
		const fresh = this.#coverage.fresh();
		if (fresh.length === 0) return;
		if (inputs.length > 1) {
			const half = inputs.length >> 1;
			this.#explore(inputs.slice(0, half));
			this.#explore(inputs.slice(half));
			return;
		}
		this.#coverage.add(fresh);
		if (!this.corpus.includes(inputs[0]!)) {
			this.corpus.push(inputs[0]!);
			this.found.push(inputs[0]!);
		}
	}

	#run(bytes: Uint8Array): void {
		this.executions++;
		const wrong = finding(this.#target, bytes);
		if (wrong === undefined || this.findings.size >= MOST_FINDINGS) return;
		const message = String(wrong instanceof Error ? (wrong.stack ?? wrong) : wrong)
			.split("\n")
			.slice(0, 3)
			.join(" ");
		if (this.findings.has(message)) return;
		this.findings.set(message, bytes);
		console.log(`${this.#target.name}: ${message}\n  ${Buffer.from(bytes).toString("base64")}`);
	}
}

const most = Number(values.executions);
const coverage = new Coverage();
const source = random(Number(values.seed));
const fuzzers = new Map<string, Fuzzer>();
for (const target of TARGETS)
	if (new RegExp(values.only).test(target.name)) fuzzers.set(target.name, new Fuzzer(target, coverage, source));
const total = (): number => [...fuzzers.values()].reduce((sum, { executions }) => sum + executions, 0);
let isInterrupted = false;
process.once("SIGINT", () => {
	isInterrupted = true;
});
for (let said = 0; total() < most && !isInterrupted; ) {
	for (const fuzzer of fuzzers.values()) fuzzer.slice();
	await setImmediate();
	if (total() - said < most / 20) continue;
	said = total();
	console.log(`${said} executions, ${coverage.blocks} blocks`);
}
coverage.close();
for (const [name, { executions, corpus, found, findings }] of fuzzers)
	console.log(
		`${name}: ${executions} executions, ${corpus.length} inputs, ${found.length} new, ${findings.size} findings`,
	);
console.log(`${total()} executions, ${coverage.blocks} blocks`);
if (values.keep) keep();
process.exitCode = [...fuzzers.values()].some(({ findings }) => findings.size > 0) ? 1 : 0;

function keep(): void {
	const kept: Record<string, string[]> = {};
	for (const target of TARGETS) {
		const fuzzer = fuzzers.get(target.name);
		const inputs = [...corpusOf(target).slice(target.seeds.length), ...(fuzzer?.found ?? [])];
		const small = inputs.filter((bytes) => bytes.length <= MOST_KEPT_BYTES).slice(0, MOST_KEPT);
		kept[target.name] = small.map((bytes) => Buffer.from(bytes).toString("base64"));
	}
	writeFileSync(join(import.meta.dirname, "kept.json"), `${JSON.stringify(kept, undefined, "\t")}\n`);
}
