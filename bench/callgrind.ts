/**
 * Exact instruction counts by valgrind's callgrind: the count is cut at each call of one marked function, and each
 * piece gets the label that the program gave to the mark before it.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import type { App } from "../hw/simulator/harness.ts";

export interface Counted {
	/** Instructions between each mark and the next. */
	readonly pieces: readonly number[];
	/** Calls of `calls` in each piece. */
	readonly calls: readonly number[];
	readonly output: string;
}

export interface CountOptions {
	/** A function of the program whose calls are counted. */
	readonly calls?: string;
	readonly onLine?: (line: string) => void;
}

export async function count(
	command: readonly string[],
	mark: string,
	environment: Readonly<Record<string, string>> = {},
	{ calls = "", onLine = () => {} }: CountOptions = {},
): Promise<Counted> {
	const folder = mkdtempSync(join(tmpdir(), "enrollee-bench-"));
	try {
		const out = `--callgrind-out-file=${join(folder, "counts")}`;
		const running = promisify(execFile)(
			"valgrind",
			["--tool=callgrind", out, `--dump-before=${mark}`, "--quiet", ...command],
			{ env: { ...process.env, ...environment }, maxBuffer: 1 << 26 },
		);
		createInterface({ input: running.child.stdout! }).on("line", onLine);
		const { stdout, stderr } = await running;
		// counts.1 ends at the first mark; the last piece, without a number, is what followed the last mark.
		const numbers = readdirSync(folder).map((name) => Number(/\.(\d+)$/.exec(name)?.[1] ?? Number.POSITIVE_INFINITY));
		const dumps = numbers
			.sort((a, b) => a - b)
			.filter(Number.isFinite)
			.slice(1)
			.map((number) => readFileSync(join(folder, `counts.${number}`), "utf8"));
		return {
			pieces: dumps.map(total),
			calls: dumps.map((dump) => callsOf(calls, dump)),
			output: stdout + stderr,
		};
	} finally {
		rmSync(folder, { recursive: true });
	}
}

export interface Labelled {
	/** In their order, each as often as it was given. */
	readonly labels: readonly string[];
	/** Mean instructions after it. */
	of(label: string): number;
	readonly output: string;
}

/** Instructions of a marked app on XS (xs/marked.js) after each label. */
export async function countLabelled(app: App, environment: Readonly<Record<string, string>> = {}): Promise<Labelled> {
	const { pieces, output } = await count(app.command, "xs_simulator_environment", environment);
	const labels = /^marks (.*)$/m.exec(output)?.[1]?.split(",");
	if (labels === undefined) throw new Error(output);
	// The app called the marked function before its first label, too; the last label has no piece.
	return { labels, of: means(labels, pieces.slice(pieces.length + 1 - labels.length)), output };
}

export const means =
	(labels: readonly string[], pieces: readonly number[]) =>
	(label: string): number => {
		const own = pieces.filter((_, i) => labels[i] === label);
		return Math.round(own.reduce((a, b) => a + b, 0) / own.length);
	};

function total(dump: string): number {
	return Number(/^(?:totals|summary): (\d+)/m.exec(dump)![1]);
}

/** A dump names a function where it comes first, by "(number) name", and by its number alone after that. */
function callsOf(name: string, dump: string): number {
	const number = [...dump.matchAll(/^c?fn=(\(\d+\)) (.*)$/gm)].find((found) => found[2] === name)?.[1];
	if (number === undefined) return 0;
	const lines = dump.split("\n");
	const callee = `cfn=${number}`;
	return lines.reduce((sum, line, i) => {
		if (line !== callee && line !== `${callee} ${name}`) return sum;
		const next = lines.slice(i + 1, i + 4).find((after) => after.startsWith("calls="));
		return sum + Number(next!.slice(6).split(" ")[0]);
	}, 0);
}
