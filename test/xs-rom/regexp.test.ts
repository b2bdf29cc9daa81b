/** The rollup plugin that keeps regular expressions out of ROM: what it changes, and what it refuses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { rollup } from "rollup";
import { regexpsInRam } from "../../hw/moddable/xs-rom/index.js";

async function build(code: string): Promise<string> {
	const input = { name: "input", resolveId: (id: string) => id, load: () => code };
	const bundle = await rollup({ input: "main.js", plugins: [input, regexpsInRam()] });
	return (await bundle.generate({ format: "es" })).output[0].code;
}

test("a constant's expression is made at each use and matches as before", async () => {
	const code = await build("const A = /^(a+)b$/i; export const found = (s) => [A.test(s), A.exec(s)?.[1]];");
	assert.doesNotMatch(code, /const A = \//);
	const { found } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
	assert.deepEqual(
		[found("AAB"), found("c")],
		[
			[true, "AA"],
			[false, undefined],
		],
	);
});

test("an expression in a function stays as it is", async () => {
	const code = "const matches = (s) => /a/g.test(s);\n\nexport { matches };\n";
	assert.equal(await build(code), code);
});

for (const [what, code] of Object.entries({
	"state: flag g": "const A = /a/g; export const f = (s) => A.test(s);",
	"another use": "const A = /a/; export const f = (s) => s.replace(A, '');",
	"an alias": "const A = /a/; export const f = (s) => { const b = A; return b.test(s); };",
	"an export": "export const A = /a/;",
	"a place in an array": "export const all = [/a/];",
	"a use while the module loads": "export const c = 'a'.split(/b/);",
}))
	test(`refused: ${what}`, () => assert.rejects(build(code), /main\.js/));
