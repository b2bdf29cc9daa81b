/**
 * A broken line in what is built for the device: rollup takes five seconds for all of it, TypeScript alone no time for one file. What it
 * makes of the file before and after differs in a few lines, and those are changed in the module that rollup has built.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/** How many lines above and below are taken along, where a change alone occurs more than once. */
const CONTEXTS = [
	[0, 0],
	[1, 0],
	[0, 1],
	[2, 0],
	[0, 2],
	[3, 3],
] as const;
const compilerOptions: ts.CompilerOptions = {
	target: ts.ScriptTarget.ES2023,
	module: ts.ModuleKind.ESNext,
	verbatimModuleSyntax: true, // else what is no longer used is no longer imported, a second difference
};

/** `file`: of hw/moddable, from the project's root. Returns how to undo it, or undefined where the lines are not found as they are. */
export function changeBuilt(root: string, file: string, before: string, after: string): (() => void) | undefined {
	const [old, fresh] = [linesOf(before), linesOf(after)];
	let from = 0;
	while (from < old.length && old[from] === fresh[from]) from++;
	let tail = 0;
	while (tail < old.length - from && tail < fresh.length - from && old.at(-1 - tail) === fresh.at(-1 - tail)) tail++;
	const built = join(root, file.replace(/^hw/, "dist").replace(/\.ts$/, ".js"));
	const text = readFileSync(built, "utf8");
	for (const [above, below] of CONTEXTS) {
		const [there, instead] = [old, fresh].map((lines) =>
			lines.slice(Math.max(0, from - above), Math.max(0, lines.length - tail + below)).join("\n"),
		) as [string, string];
		if (there === "" || there === instead || text.split(there).length !== 2) continue;
		writeFileSync(
			built,
			text.replace(there, () => instead),
		);
		return () => writeFileSync(built, text);
	}
	return undefined;
}

const linesOf = (source: string): string[] => ts.transpileModule(source, { compilerOptions }).outputText.split("\n");
