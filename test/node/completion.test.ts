/** The completion scripts in the shells themselves, as far as they are installed: what a user gets at the tab key. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { enrollee } from "../support/command.ts";
import { temporaryFolder } from "../support/openssl.ts";

/** What is typed before the tab, and all that can follow. */
const TYPED: readonly (readonly [string, readonly string[]])[] = [
	["ren", ["renew"]],
	["re", ["renew", "reset"]],
	["run --inter", ["--interval"]],
	["csr --registration", ["--registration-id"]],
	["bundle ins", ["inspect"]],
	["completion z", ["zsh"]],
	["cloud --api-", ["--api-port"]],
];

/** For zsh, which has a terminal, a new one for each word: a unique completion is on the line, with a blank behind it. */
const zsh = (script: string): string =>
	[
		"zmodload zsh/zpty",
		"export TERM=dumb",
		...TYPED.filter(([, words]) => words.length === 1).map(
			([typed, [word]]) => `zpty z zsh -f -i
zpty -w z 'PS1=; unsetopt beep; source ${script}; echo READY-$((40 + 2))' && zpty -r z said '*READY-42*'
zpty -w -n z $'enrollee ${typed}\\t' && zpty -r z said '*${word} *' && print -r -- ${word}
zpty -d z`,
		),
	].join("\n");

const SHELLS = {
	bash: (script: string) =>
		[
			`source ${script}`,
			...TYPED.map(
				([typed]) =>
					`COMP_WORDS=(enrollee ${typed}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _enrollee; echo "\${COMPREPLY[@]}"`,
			),
		].join("\n"),
	fish: (script: string) =>
		[`source ${script}`, ...TYPED.map(([typed]) => `string join -- " " (complete -C "enrollee ${typed}")`)].join("\n"),
	zsh,
} as const;

describe("completion", () => {
	const folder = temporaryFolder();
	before(async () => {
		for (const shell of Object.keys(SHELLS))
			writeFileSync(join(folder, `${shell}.script`), (await enrollee(["completion", shell])).stdout);
	});

	for (const [shell, lines] of Object.entries(SHELLS))
		test(shell, { skip: spawnSync(shell, ["-c", "true"]).status !== 0 && `SKIPPED: no ${shell}` }, () => {
			const file = join(folder, `${shell}-test`);
			writeFileSync(file, lines(join(folder, `${shell}.script`)));
			const flags = { bash: ["--norc"], zsh: ["-f"], fish: ["--no-config"] }[shell]!;
			const options = {
				encoding: "utf8",
				cwd: temporaryFolder(),
				env: { PATH: process.env.PATH, HOME: folder },
				timeout: 60_000,
			} as const;
			const { stdout, stderr, status } = spawnSync(shell, [...flags, file], options);
			const expected = TYPED.map(([, words]) => words).filter((words) => shell !== "zsh" || words.length === 1);
			assert.deepEqual(
				stdout.trim().split("\n"),
				expected.map((words) => words.join(" ")),
				`${status} ${stderr}`,
			);
		});
});
