/** The build's switches: which curves it makes keys on, and by which formulas. What is left out is refused, and auto does without it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { TYPESCRIPT } from "../support/command.ts";

const root = join(import.meta.dirname, "..", "..");
const folder = mkdtempSync(join(tmpdir(), "enrollee-flavours-"));
after(() => rmSync(folder, { recursive: true }));

const node = (args: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
	spawnSync(process.execPath, args, {
		cwd: root,
		encoding: "utf8",
		env: { PATH: process.env.PATH, ENROLLEE_NAMES: "long", ...environment },
	});

interface Made {
	readonly problem: string;
	readonly code: string;
}

/** One process makes all: TypeScript takes most of a build, and is warm for the second. */
const BUILDS = `
	import { rollup } from "rollup";
	const made = {};
	for (const [at, environment] of JSON.parse(process.argv[1]).entries()) {
		for (const name of ["ENROLLEE_CURVES", "ENROLLEE_FORMULAS"]) delete process.env[name];
		Object.assign(process.env, environment);
		made[JSON.stringify(environment)] = await import(\`\${process.cwd()}/rollup.config.js?\${at}\`)
			.then(async ({ default: { output, ...config } }) => {
				const bundle = await rollup({ ...config, input: "hw/moddable/key.ts", onLog() {} });
				const { output: chunks } = await bundle.generate(output);
				return { problem: "", code: chunks.find(({ fileName }) => fileName === "key.js").code };
			})
			.catch(({ message }) => ({ problem: message, code: "" }));
	}
	console.log(JSON.stringify(made));`;

/** Of each environment: the device's key room as rollup makes it. */
const made = new Map<string, Made>();
const key = (environment: Readonly<Record<string, string>>): string => JSON.stringify(environment);
const deviceKey = (environment: Readonly<Record<string, string>>): Made => made.get(key(environment))!;

describe("the device's build", () => {
	before(() => {
		const environments = [
			...["both", "P-256", "P-384", "P-521"].map((curves) => ({ ENROLLEE_CURVES: curves })),
			...["fast", "noble-formulas", "slow"].map((formulas) => ({ ENROLLEE_FORMULAS: formulas })),
			{},
		];
		const args = ["--input-type=module", "-e", BUILDS, JSON.stringify(environments)];
		const { status, stdout, stderr } = node(args);
		assert.equal(status, 0, stderr);
		for (const [name, one] of Object.entries<Made>(JSON.parse(stdout))) made.set(name, one);
	});

	for (const [curves, expected] of [
		["both", '"P-256": true, "P-384": true'],
		["P-256", '"P-256": true, "P-384": false'],
		["P-384", '"P-256": false, "P-384": true'],
	] as const)
		test(`ENROLLEE_CURVES=${curves} makes keys on no other`, () => {
			const { problem, code } = deviceKey({ ENROLLEE_CURVES: curves });
			assert.equal(problem, "");
			assert.deepEqual(/SIGNS = Object\.freeze\(\{ (.*?) \}\)/.exec(code)?.[1], expected);
			assert.match(code, /const ladder = /);
		});

	test("by default points are computed in C, with ENROLLEE_FORMULAS=fast in ECMAScript alone", () => {
		assert.match(deviceKey({}).code, /native\("xs_points_double"\)/);
		const { problem, code } = deviceKey({ ENROLLEE_FORMULAS: "fast" });
		assert.equal(problem, "");
		assert.match(code, /const (comb|ladder) = /);
		assert.doesNotMatch(code, /xs_points/);
	});

	test("ENROLLEE_FORMULAS=noble-formulas has noble's formulas in place of ours", () => {
		const { problem, code } = deviceKey({ ENROLLEE_FORMULAS: "noble-formulas" });
		assert.equal(problem, "");
		assert.doesNotMatch(code, /const (comb|ladder) = /);
		assert.match(code, /SIGNS/);
	});

	test("a switch that it does not know is refused by its name", () => {
		assert.match(deviceKey({ ENROLLEE_CURVES: "P-521" }).problem, /ENROLLEE_CURVES: expected P-256, P-384 or both/);
		assert.match(
			deviceKey({ ENROLLEE_FORMULAS: "slow" }).problem,
			/ENROLLEE_FORMULAS: expected native, fast, noble-formulas/,
		);
	});
});

describe("an agent that has one curve", () => {
	for (const [condition, curve] of [
		["only-p256", "P-256"],
		["only-p384", "P-384"],
	] as const)
		test(`${curve}: enrols with auto, works with the hub and renews on it`, () => {
			const demo = ["hw/node/cli.ts", "demo", "--json", "--state", join(folder, condition)];
			const { status, stdout, stderr } = node(["-C", condition, ...TYPESCRIPT, ...demo]);
			assert.equal(status, 0, stderr);
			const events: { event: string; curve?: string }[] = stdout
				.trim()
				.split("\n")
				.map((line) => JSON.parse(line));
			const keys = events.filter(({ event }) => event === "key.generated");
			assert.deepEqual(
				keys.map((key) => key.curve),
				[curve, curve],
			);
			assert.equal(events.filter(({ event }) => event === "credential.proven").length, 2);
		});

	test("configured for the other: a Fault that names it", () => {
		const args = ["csr", "--registration-id", "dev-001", "--key", "P-384", "--state", join(folder, "other")];
		const { status, stderr } = node(["-C", "only-p256", ...TYPESCRIPT, "hw/node/cli.ts", ...args]);
		assert.equal(status, 1);
		assert.match(stderr, /key\.curve: this build was made without keys on P-384/);
	});
});
