/**
 * The rollup plugin for ROM: what each rule rewrites, that it means the same afterwards, what stops the build, and
 * what it does to the pinned noble, so that an update of noble cannot pass unseen.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import resolve from "@rollup/plugin-node-resolve";
import { rollup } from "rollup";
import { type Counts, xsRom } from "../../hw/moddable/xs-rom/index.js";

/** The bundle of one module, and what the plugin counted in it. */
async function build(source: string, { audit = false } = {}): Promise<{ code: string; counts: Counts }> {
	let counts: Counts | undefined;
	const bundle = await rollup({
		input: "source",
		treeshake: false,
		onwarn: () => {},
		plugins: [
			{
				name: "source",
				resolveId: (id) => (id === "source" ? id : null),
				load: (id) => (id === "source" ? source : null),
			},
			xsRom({
				audit,
				report: (_, found) => {
					counts = found;
				},
			}),
		],
	});
	const { output } = await bundle.generate({ format: "es" });
	return { code: output[0].code, counts: counts! };
}

/** The module's exports, after the plugin. */
async function run(source: string, options?: { audit: boolean }): Promise<Record<string, never>> {
	const { code } = await build(source, options);
	return import(`data:text/javascript,${encodeURIComponent(code)}`);
}

const counted = async (source: string): Promise<Partial<Counts>> =>
	Object.fromEntries(Object.entries((await build(source)).counts).filter(([, count]) => count > 0));

test("comparisons of unknown values become calls, with the meaning of ===", async () => {
	const source = `
		export const same = (a, b) => a === b;
		export const differ = (a, b) => a /* === */ !== (b);
		export const chain = (a, b, c) => (a === b) === (b !== c);
	`;
	assert.deepEqual(await counted(source), { compared: 4, kept: 1 });
	const { same, differ, chain } = (await run(source)) as unknown as Record<string, (...values: unknown[]) => boolean>;
	const object = {};
	const values = [0, -0, NaN, 1, 1n, 0n, "1", "", null, undefined, true, object, 2n ** 300n, -(2n ** 300n)];
	for (const a of values)
		for (const b of values) {
			assert.equal(same!(a, b), a === b);
			assert.equal(differ!(a, b), a !== b);
			for (const c of [0n, 1]) assert.equal(chain!(a, b, c), (a === b) === ((b as unknown) !== c));
		}
	assert.equal(same!(BigInt(`0x${"f".repeat(80)}`), 2n ** 320n - 1n), true);
});

for (const [what, expression] of Object.entries({
	"a number literal": "x === 1",
	"a string": "x === 'a'",
	typeof: "typeof x === y",
	"a length": "x.length !== y",
	"arithmetic with a number": "x + 1 === y",
	"a conversion": "Number(x) === y",
	Math: "Math.floor(x) === y",
	"a new object": "new X() === y",
	"a conditional of numbers": "(x ? 1 : 2) === y",
	"an unsigned shift": "x >>> y === z",
	undefined: "x === undefined",
}))
	test(`a comparison with ${what} is left alone`, async () => {
		assert.deepEqual(await counted(`export const f = (x, y, z, X) => ${expression};`), { kept: 1 });
	});

for (const [what, source] of Object.entries({
	"a BigInt literal": "export const f = (x) => x === 1n;",
	"a negated unknown": "export const f = (x, y) => -x === y;",
	"a product of unknowns": "export const f = (x, y) => x * y === x;",
	"a counter that becomes a BigInt": "export const f = (x, y) => { let i = 0; i = y; return i === x; };",
	"a counter shadowed by a parameter": "export const f = (x) => { let i = 0; return ((i) => i === x)(1n); };",
	"a counter assigned by destructuring": "export const f = (x, y) => { let i = 0; [i] = y; return i === x; };",
	"a global made local": "export const f = (x, Number) => Number(x) === x;",
	"undefined made local": "export const f = (x, undefined) => x === undefined;",
	"one branch a BigInt": "export const f = (x, y) => (y ? 1 : 1n) === x;",
	"a value added to by an unknown, from an unknown": "export const f = (x, y) => { x += y; return x === y; };",
}))
	test(`a comparison with ${what} is rewritten`, async () => {
		assert.deepEqual(await counted(source), { compared: 1 });
	});

test("names are followed through scopes: counters, constants and their arithmetic are numbers", async () => {
	const source = `
		const WIDTH = 4;
		export const f = (n, x) => {
			let total = 0;
			for (let i = 0; i < n; i++) { if (i === x) total += i; }
			const half = total >> 1;
			{ const total = x; if (total === n) return WIDTH === x; }
			return half === x || total === n;
		};
	`;
	assert.deepEqual(await counted(source), { compared: 1, kept: 4 });
});

test("weak collections made by new forget what they cannot keep", async () => {
	const source = `
		const seen = new WeakSet(), cache = new WeakMap();
		export const f = (key) => { seen.add(key); cache.set(key, 1); return seen.has(key) && cache.get(key); };
		export const g = (key) => { cache.set = 1; };
		export const isMap = () => cache instanceof WeakMap;
		export const local = (WeakMap) => new WeakMap();
	`;
	assert.deepEqual(await counted(source), { weak: 2 });
	const { f, isMap } = (await run(source)) as unknown as Record<string, (key?: object) => unknown>;
	assert.equal(f!({}), 1);
	assert.equal(isMap!(), true);
	// A primitive key stands for a read-only collection: set and add throw, which must not be seen.
	assert.equal(f!("primitive" as never), false);
});

test("a module's scratch buffer is made at first use, also where it is a shorthand; locals of its name are not touched", async () => {
	const source = `
		const WORDS = new Uint32Array(4);
		export const put = (i, v) => { WORDS[i] = v; return { WORDS }.WORDS[i]; };
		export const local = (WORDS) => WORDS;
		export const property = (o) => o.WORDS;
		const TABLE = Uint8Array.from([1, 2]);
		export const table = () => TABLE[1];
	`;
	assert.deepEqual(await counted(source), { boxed: 1 });
	const { code } = await build(source);
	assert.match(code, /const WORDS = \{ v: undefined \}/);
	const module = (await run(source)) as unknown as Record<string, (...values: unknown[]) => unknown>;
	assert.equal(module.put!(2, 7), 7);
	assert.equal(module.local!(5), 5);
	assert.equal(module.property!({ WORDS: 3 }), 3);
	assert.equal(module.table!(), 2);
});

for (const [what, source, message] of [
	["loose equality of unknowns", "export const f = (x, y) => x == y;", /loose equality/],
	["loose inequality with a number", "export const f = (x) => x != 1;", /loose equality/],
	["a switch over unknowns", "export const f = (x, y) => { switch (x) { case y: return 1; } };", /switch/],
	["a variable assigned at run time", "let n = 0; export const f = () => ++n;", /"n" is assigned at run time/],
	[
		"a function assigned at run time",
		"function g() {} export const f = () => { g = 1; };",
		/"g" is assigned at run time/,
	],
	["a variable destructured into", "let n; export const f = (x) => { ({ n } = x); return n; };", /"n" is assigned/],
	["a Map of the module", "const m = new Map(); export const f = (k) => m.get(k);", /Map made while/],
	["a Set of the module", "export const s = new Set([1]);", /Set made while/],
	["an exported scratch buffer", "const b = new Uint8Array(4); export { b };", /exported buffer "b"/],
	["a scratch buffer used at link time", "const b = new Uint8Array(4); b[0] = 1;", /"b" is used while/],
	["a BigInt in a module's array", "export const a = [1n];", /BigInt in an array/],
	["a BigInt constant in a module's array", "const x = BigInt(1); export const a = [[x]];", /BigInt in an array/],
	["a BigInt under an integer key", "export const o = { 0: BigInt(1) };", /integer key/],
	["WeakMap as a value", "export const W = WeakMap;", /WeakMap other than by new/],
	["a class on top of WeakSet", "export class S extends WeakSet {}", /WeakSet other than by new/],
	["eval", "export const f = (x) => eval(x);", /eval/],
	["the Function constructor", "export const f = (x) => new Function(x);", /Function constructor/],
	["the plugin's own names", "export const xsRomEqual = 1;", /plugin's own name/],
] as const)
	test(`${what} stops the build, with the place`, async () => {
		await assert.rejects(build(source), (error: Error & { loc?: { line: number } }) => {
			assert.match(error.message, /xs-rom: /);
			assert.match(error.message, message);
			assert.equal(error.loc?.line, 1);
			return true;
		});
	});

for (const source of [
	"export const f = (x) => x == null;",
	"export const f = (x) => { switch (typeof x) { case 'bigint': return x; } };",
	"export const f = (x) => { switch (x) { case 1: return x; } };",
	"let n = 0; n++; export const f = () => n;",
	"export const f = () => [1n, new Map(), new Uint8Array(4)];",
	"let n = 0; export const f = () => { let n = 1; n++; return n; };",
	"const b = new Uint8Array(4); export const f = (eval_) => eval_(b);",
])
	test(`passes: ${source}`, async () => void (await build(source)));

test("an audit build throws where a comparison that was left alone sees two BigInts after all", async () => {
	// The one assumption of the proofs: a property named length is a number.
	const source = "export const f = (x, y) => x.length === y;";
	const { f } = (await run(source, { audit: true })) as unknown as { f: (x: object, y: unknown) => boolean };
	assert.equal(f({ length: 1 }, 1), true);
	assert.equal(f({ length: 1 }, 1n), false);
	assert.throws(() => f({ length: 1n }, 1n), /audit: two BigInts/);
});

test("noble 2.4.0: the places rewritten, file by file", async () => {
	const { version } = JSON.parse(
		readFileSync(new URL("../../node_modules/@noble/curves/package.json", import.meta.url), "utf8"),
	) as { version: string };
	const counts: Record<string, Counts> = {};
	await rollup({
		input: "@noble/curves/abstract/weierstrass.js",
		plugins: [
			resolve(),
			xsRom({
				report: (id, found) => {
					counts[id.replace(/.*\/@noble\//, "")] = found;
				},
			}),
		],
	});
	assert.deepEqual(
		{ version, counts },
		{
			version: "2.4.0",
			counts: {
				"curves/abstract/weierstrass.js": { compared: 10, kept: 51, weak: 1, boxed: 0 },
				"curves/abstract/curve.js": { compared: 7, kept: 27, weak: 2, boxed: 0 },
				"curves/abstract/der.js": { compared: 1, kept: 6, weak: 0, boxed: 0 },
				"curves/abstract/modular.js": { compared: 18, kept: 24, weak: 1, boxed: 0 },
				"curves/utils.js": { compared: 1, kept: 27, weak: 0, boxed: 0 },
				"hashes/hmac.js": { compared: 0, kept: 1, weak: 0, boxed: 0 },
				"hashes/utils.js": { compared: 1, kept: 34, weak: 0, boxed: 0 },
			},
		},
	);
});

test("noble's own hashes: scratch buffers are made at first use", async () => {
	const boxed: Record<string, number> = {};
	await rollup({
		input: "@noble/hashes/sha2.js",
		plugins: [
			resolve(),
			xsRom({
				report: (id, found) => {
					boxed[id.replace(/.*\//, "")] = found.boxed;
				},
			}),
		],
	});
	assert.deepEqual(boxed, { "_md.js": 0, "_u64.js": 0, "sha2.js": 3, "utils.js": 0 });
});
