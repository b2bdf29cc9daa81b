/**
 * The proof proved: bugs put into the journal and the renewal on purpose (data/mutations/*.patch) are each found by
 * simulated lives within a few lives, as what the patch's head says. The same lives without a bug end without a violation.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TYPESCRIPT } from "../support/command.ts";
import { temporaryFolder } from "../support/openssl.ts";

const SEED = 7000;
const YEARS = 3;
const MOST_LIVES = 6;
/** All that a life is made of. */
const PARTS = ["package.json", "tsconfig.json", "src", "hw/node", "test/lives", "cloud", "test/support"];

const root = join(import.meta.dirname, "..", "..");
const mutations = join(import.meta.dirname, "mutations");
const names = readdirSync(mutations).filter((name) => name.endsWith(".patch"));
const noPatch = spawnSync("patch", ["--version"]).status === 0 ? false : "SKIPPED: no patch";

test("there are at least five bugs to find", () => assert.ok(names.length >= 5));

test("without a bug: no violation", () => {
	const copy = project();
	for (let number = 1; number <= 2; number++) {
		const { status, stdout, stderr } = live(copy, number);
		assert.equal(status, 0, stderr || stdout.slice(-2000));
	}
});

for (const name of names)
	test(`${name} is found`, { skip: noPatch }, () => {
		const patch = readFileSync(join(mutations, name), "utf8");
		const expected = /^Found as: (.+)$/m.exec(patch)?.[1];
		assert.ok(expected);
		const copy = project();
		const applied = spawnSync("patch", ["-p1", "--no-backup-if-mismatch"], {
			cwd: copy,
			input: patch,
			encoding: "utf8",
		});
		assert.equal(applied.status, 0, applied.stdout);
		for (let number = 1; number <= MOST_LIVES; number++) {
			const { status, stdout, stderr } = live(copy, number);
			assert.ok(status === 0 || status === 1, stderr);
			const violation = /VIOLATION: (.*)/.exec(stdout)?.[1];
			if (violation === undefined) continue;
			assert.match(violation, new RegExp(expected));
			console.log(`${name}: found in life ${number}: ${violation}`);
			return;
		}
		assert.fail(`not found in ${MOST_LIVES} lives`);
	});

/** A copy that may be spoiled. */
function project(): string {
	const copy = temporaryFolder();
	for (const part of PARTS) cpSync(join(root, part), join(copy, part), { recursive: true });
	symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
	return copy;
}

function live(folder: string, number: number) {
	const args = ["--seed", String(SEED), "--years", String(YEARS), "--only", String(number)];
	return spawnSync(process.execPath, [...TYPESCRIPT, "test/lives/run.ts", ...args], {
		cwd: folder,
		encoding: "utf8",
		maxBuffer: 64 * 1024 * 1024,
	});
}
