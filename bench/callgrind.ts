/**
 * Exact instruction counts by valgrind's callgrind: the count is cut at each call of one marked function, and each
 * piece gets the label that the program gave to the mark before it.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { App } from "../hw/simulator/harness.ts";

export interface Counted {
	/** Instructions between each mark and the next. */
	readonly pieces: readonly number[];
	readonly output: string;
}

export async function count(
	command: readonly string[],
	mark: string,
	environment: Readonly<Record<string, string>> = {},
): Promise<Counted> {
	const folder = mkdtempSync(join(tmpdir(), "enrollee-bench-"));
	try {
		const out = `--callgrind-out-file=${join(folder, "counts")}`;
		const { stdout, stderr } = await promisify(execFile)(
			"valgrind",
			["--tool=callgrind", out, `--dump-before=${mark}`, "--quiet", ...command],
			{ env: { ...process.env, ...environment }, maxBuffer: 1 << 26 },
		);
		// counts.1 ends at the first mark; the last piece, without a number, is what followed the last mark.
		const numbers = readdirSync(folder).map((name) => Number(/\.(\d+)$/.exec(name)?.[1] ?? Number.POSITIVE_INFINITY));
		const pieces = numbers
			.sort((a, b) => a - b)
			.filter(Number.isFinite)
			.slice(1)
			.map((number) => total(join(folder, `counts.${number}`)));
		return { pieces, output: stdout + stderr };
	} finally {
		rmSync(folder, { recursive: true });
	}
}

/** Mean instructions of a marked app on XS (xs/marked.js) after each label. */
export async function countLabelled(
	app: App,
	environment: Readonly<Record<string, string>> = {},
): Promise<(label: string) => number> {
	const { pieces, output } = await count(app.command, "xs_simulator_environment", environment);
	const labels = /^marks (.*)$/m.exec(output)?.[1]?.split(",");
	if (labels === undefined) throw new Error(output);
	// The app called the marked function before its first label, too; the last label has no piece.
	return means(labels, pieces.slice(pieces.length + 1 - labels.length));
}

export const means =
	(labels: readonly string[], pieces: readonly number[]) =>
	(label: string): number => {
		const own = pieces.filter((_, i) => labels[i] === label);
		return Math.round(own.reduce((a, b) => a + b, 0) / own.length);
	};

function total(file: string): number {
	return Number(/^(?:totals|summary): (\d+)/m.exec(readFileSync(file, "utf8"))![1]);
}
