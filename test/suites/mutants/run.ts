/**
 * `npm run mutants -- [PATTERN]`: breaks lines that security rests on, one at a time, in a copy of the project, and runs the tests that
 * guard them, up to the first that fails. A mutant that they let live is printed; `argued` ones may. By hand: it takes half an hour, and
 * needs the Moddable SDK for what runs on XS, $LIMBO and $PKITS for the public suites. PATTERN is a regular expression over "file: line".
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { skip } from "../../../hw/simulator/harness.ts";
import { CERTIFICATES } from "./certificates.ts";
import { CLOUD } from "./cloud.ts";
import { DEVICE_TLS } from "./device-tls.ts";
import { IDENTITY } from "./identity.ts";
import type { Mutant } from "./mutant.ts";
import { UPDATES } from "./updates.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const MOST_SECONDS = 600;
/** Of what tests print: a line that is cut at a read is whole at the next. */
const MOST_KEPT = 4_096;
const pattern = new RegExp(process.argv[2] ?? "");
const chosen = [...CERTIFICATES, ...UPDATES, ...IDENTITY, ...CLOUD, ...DEVICE_TLS].filter((mutant) =>
	pattern.test(name(mutant)),
);

const copy = mkdtempSync(join(tmpdir(), "enrollee-mutants-"));
const outcome = { killed: 0, survived: 0, argued: 0, skipped: 0, stale: 0 };
try {
	for (const entry of ["src", "cloud", "hw", "test", "examples", "package.json", "tsconfig.json", "rollup.config.js"])
		cpSync(join(ROOT, entry), join(copy, entry), { recursive: true });
	symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
	if (!succeeds("npm", "run", "--silent", "build")) throw new Error("the copy does not build");
	const runs = chosen.filter(runsHere).map(({ tests, xs }) => JSON.stringify({ tests, xs }));
	for (const run of new Set(runs))
		if (!(await pass(JSON.parse(run)))) throw new Error(`${run}: fails without any mutant`);
	for (const [i, mutant] of chosen.entries()) {
		const verdict = await judge(mutant);
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

async function judge(mutant: Mutant): Promise<keyof typeof outcome> {
	if (!runsHere(mutant)) return "skipped";
	const { file, from, to, tests, xs, argued } = mutant;
	const path = join(copy, file);
	const text = readFileSync(path, "utf8");
	if (text.split(from).length !== 2) return "stale"; // no such line, or several: the list has to follow the code
	const broken = text.replace(from, () => to);
	writeFileSync(path, broken);
	try {
		if (xs !== undefined && !succeeds("npx", "rollup", "-c", "--silent")) return "stale"; // it is no program
		if (!(await pass({ tests, xs }))) return "killed";
		return argued === undefined ? "survived" : "argued";
	} finally {
		writeFileSync(path, text);
	}
}

function runsHere({ xs, needs }: Mutant): boolean {
	return (xs === undefined || !skip) && (needs === undefined || Boolean(process.env[needs]));
}

function succeeds(command: string, ...args: readonly string[]): boolean {
	return spawnSync(command, args, { cwd: copy, stdio: "ignore" }).status === 0;
}

/** Whether these tests do; the first red one ends them. */
async function pass({ tests, xs }: Pick<Mutant, "tests" | "xs">): Promise<boolean> {
	const options = ["--import", "tsx", "--test", "--test-reporter=tap", "--test-concurrency=1"];
	const child = spawn(process.execPath, [...options, ...tests.map((test) => `test/${test}.test.ts`)], {
		cwd: copy,
		env: { ...process.env, ...(xs && { TLS_TABLES: xs }) },
		stdio: ["ignore", "pipe", "ignore"],
		detached: true,
	});
	let output = "";
	child.stdout.setEncoding("utf8").on("data", (text: string) => {
		output = (output + text).slice(-MOST_KEPT);
		if (/^ *not ok /m.test(output)) end(child);
	});
	const timer = setTimeout(end, MOST_SECONDS * 1000, child);
	const [code] = await once(child, "close");
	clearTimeout(timer);
	return code === 0;
}

/** With all that it has started. */
function end({ pid }: ChildProcess): void {
	try {
		process.kill(-pid!, "SIGKILL");
	} catch {} // it is gone already
}

function name({ file, from }: Mutant): string {
	return `${file}: ${from.trim().split("\n")[0]}`;
}
