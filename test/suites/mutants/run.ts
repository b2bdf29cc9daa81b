/**
 * `npm run mutants -- [PATTERN]`: breaks lines that security rests on, one at a time, in a copy of the project, and runs the tests that
 * guard them. A mutant that they let live is printed; `argued` ones may. By hand: it takes an hour, and needs the Moddable SDK
 * for what runs on XS. PATTERN is a regular expression over "file: line".
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { skip } from "../../../hw/simulator/harness.ts";
import { CERTIFICATES } from "./certificates.ts";
import { DEVICE_TLS } from "./device-tls.ts";
import { IDENTITY } from "./identity.ts";
import type { Mutant } from "./mutant.ts";
import { UPDATES } from "./updates.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const MOST_SECONDS = 600;
const pattern = new RegExp(process.argv[2] ?? "");
const chosen = [...CERTIFICATES, ...UPDATES, ...IDENTITY, ...DEVICE_TLS].filter((mutant) => pattern.test(name(mutant)));

const copy = mkdtempSync(join(tmpdir(), "enrollee-mutants-"));
const outcome = { killed: 0, survived: 0, argued: 0, skipped: 0, stale: 0 };
try {
	for (const entry of ["src", "cloud", "hw", "test", "examples", "package.json", "tsconfig.json", "rollup.config.js"])
		cpSync(join(ROOT, entry), join(copy, entry), { recursive: true });
	symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
	if (!run("npm", ["run", "--silent", "build"])) throw new Error("the copy does not build");
	for (const tests of new Set(chosen.filter(({ xs }) => !(xs && skip)).map(({ tests }) => tests.join(" "))))
		if (!runTests(tests.split(" "))) throw new Error(`${tests}: fails without any mutant`);
	for (const [i, mutant] of chosen.entries()) {
		const verdict = judge(mutant);
		outcome[verdict]++;
		console.log(`${String(i + 1).padStart(3)} of ${chosen.length}  ${verdict.padEnd(8)}  ${name(mutant)}`);
	}
} finally {
	rmSync(copy, { recursive: true });
}
console.log(
	Object.entries(outcome)
		.map(([what, count]) => `${count} ${what}`)
		.join(", "),
);
process.exitCode = outcome.survived + outcome.stale > 0 || outcome.killed === 0 ? 1 : 0;

function judge({ file, from, to, tests, xs, argued }: Mutant): keyof typeof outcome {
	if (xs && skip) return "skipped";
	const path = join(copy, file);
	const text = readFileSync(path, "utf8");
	if (text.split(from).length !== 2) return "stale"; // no such line, or several: the list has to follow the code
	writeFileSync(
		path,
		text.replace(from, () => to),
	);
	const killed = (xs && !run("npm", ["run", "--silent", "build:device"])) || !runTests(tests);
	writeFileSync(path, text);
	return killed ? "killed" : argued === undefined ? "survived" : "argued";
}

function runTests(tests: readonly string[]): boolean {
	return run(process.execPath, ["--import", "tsx", "--test", ...tests.map((test) => `test/${test}.test.ts`)]);
}

function run(command: string, args: readonly string[]): boolean {
	return spawnSync(command, args, { cwd: copy, stdio: "ignore", timeout: MOST_SECONDS * 1000 }).status === 0;
}

function name({ file, from }: Mutant): string {
	return `${file}: ${from.trim().split("\n")[0]}`;
}
