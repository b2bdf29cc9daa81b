/** hw/moddable/xs-rom/arrays.js: arrays are taken apart by index, what else is iterated is not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import ts from "typescript";
import { arraysByIndex } from "../../hw/moddable/xs-rom/arrays.js";

const options: ts.CompilerOptions = {
	target: ts.ScriptTarget.ES2023,
	module: ts.ModuleKind.ESNext,
	lib: ["lib.es2023.d.ts"],
	types: [],
	strict: true,
};
const host = ts.createCompilerHost(options);
const read = host.getSourceFile;
/** The language's own declarations, read once. */
const declarations = new Map<string, ts.SourceFile | undefined>();

function compile(code: string): string {
	host.getSourceFile = (name, ...rest) => {
		if (name === "main.ts") return ts.createSourceFile(name, code, ts.ScriptTarget.ES2023, true);
		if (!declarations.has(name)) declarations.set(name, read(name, ...rest));
		return declarations.get(name);
	};
	const program = ts.createProgram(["main.ts"], options, host);
	let made = "";
	const write = (_: string, text: string): void => {
		made = text;
	};
	const before = [arraysByIndex(program.getTypeChecker())];
	program.emit(undefined, write, undefined, false, { before });
	return made;
}

test("arrays, tuples, typed arrays and matches are taken apart by index, with the same result", async () => {
	const code = compile(`
		export function taken(list: readonly number[], pair: [string, number?], bytes: Uint8Array) {
			const [first, , third = 3] = list;
			const [[name], [, digits] = []] = [pair, /a(\\d)/.exec("a7") ?? []];
			const said: unknown[] = [first, third, name, digits];
			for (const byte of bytes) said.push(byte);
			for (const [key, value] of Object.entries({ a: 1, b: 2 })) { if (key === "a") continue; said.push(() => value); }
			outer: for (const a of list) for (let b of list) { b += a; if (b > 3) break outer; said.push(b); }
			return [...said.map((it) => (typeof it === "function" ? it() : it)), list.map((n, i) => [n, i]).map(([n, i]) => n! - i!)];
		}`);
	assert.doesNotMatch(code, / of |const \[|\(\[/);
	const { taken } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
	assert.deepEqual(taken([1, 2], ["x"], Uint8Array.of(8, 9)), [1, 3, "x", "7", 8, 9, 2, 2, 3, 3, [1, 1]]);
});

test("strings, maps, sets, generators, unknown things and a rest stay", () => {
	for (const kept of [
		"export const f = (x: string) => { const [a] = x; return a; };",
		"export const f = (x: string) => { for (const a of x) a.trim(); };",
		"export const f = (x: Set<number>) => { const [a] = x; return a; };",
		"export const f = (x: Map<number, string>) => { for (const a of x) a.at(0); };",
		"export const f = (x: number[] | Set<number>) => { for (const a of x) a.toFixed(); };",
		"export const f = (x: number[]) => { for (const a of x.entries()) a.at(0); };",
		"export const f = (x: any) => { const [a] = x; return a; };",
		"export const f = (x: number[]) => { const [a, ...rest] = x; return [a, rest]; };",
		"export const f = async (x: Promise<number>[]) => { for await (const a of x) a.toFixed(); };",
	])
		assert.match(compile(kept), /const \[a(, \.\.\.rest)?\] = x| of x/, kept);
});
