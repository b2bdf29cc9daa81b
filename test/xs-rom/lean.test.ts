/** The plugins that save slots in ROM: fields, functions and constants mean the same after them, and what they leave alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Plugin, rollup } from "rollup";
import { arrowsInRom, constantsInCode, fieldsInConstructors } from "../../hw/moddable/xs-rom/index.js";

async function build(code: string, plugin: Plugin): Promise<string> {
	const source = { name: "source", resolveId: (id: string) => id, load: () => code };
	const bundle = await rollup({ input: "main", external: /^elsewhere$/, plugins: [source, plugin] });
	return (await bundle.generate({ format: "es" })).output[0].code;
}

const load = (code: string) => import(`data:text/javascript,${encodeURIComponent(code)}`);

test("fields are assigned first, or behind super, in their order", async () => {
	const code = await build(
		`const log = [];
		class A { first = log.push("first"); "second thing" = () => this.first; bare; }
		class B extends A { third = log.push("third"); constructor(x) { log.push("before"); super(); log.push(x); } }
		export const made = () => { const b = new B("after"); return [log, Object.keys(b), b["second thing"]()]; };`,
		fieldsInConstructors() as Plugin,
	);
	assert.match(code, /this\.first = log\.push/);
	assert.match(code, /super\(\); this\.third/);
	const { made } = await load(code);
	assert.deepEqual(made(), [["before", "first", "third", "after"], ["first", "second thing", "third"], 2]);
});

test("fields stay where a constructor means something else by a name, where super is not called there, and of computed names", async () => {
	for (const kept of [
		"const x = 1; export class A { y = x; constructor(x) { this.z = x; } }",
		"const x = 1; export class A { y = x; constructor() { for (const { x } of []) this.z = x; } }",
		"export class A extends Object { y = 1; }",
		"export class A extends Object { y = 1; constructor() { if (1) super(); else super(2); } }",
		"const x = 'y'; export class A { [x] = 1; }",
		"export class A { #y = 1; z() { return this.#y; } }",
		"export class A { y = class { z = this; #w = 2; static v = A; w() { return this.#w; } }; }",
		"export class A { static y = 1; }",
	]) {
		const made = await build(kept, fieldsInConstructors() as Plugin);
		assert.doesNotMatch(made, /this\.y =|this\[x\]/, kept);
	}
});

test("functions become arrow functions that are known from the beginning", async () => {
	const code = await build(
		`import "elsewhere";
		export const early = twice(2);
		function twice(x, { y = 1, ...rest } = {}) { return x * 2 * y + Object.keys(rest).length; }
		export const plain = () => [early, twice(1, { y: 3, z: 0 }), Object.hasOwn(twice, "prototype"), twice.name];`,
		arrowsInRom() as Plugin,
	);
	const { plain } = await load(code.replace("import 'elsewhere';", ""));
	assert.deepEqual(plain(), [4, 7, false, "twice"]);
});

test("functions stay that are exported, constructed, extended, or name this, arguments and new.target", async () => {
	for (const kept of [
		"export function f() { return 1; }",
		"function f() {} export const g = () => new f();",
		"function f() {} export class G extends f {}",
		"function f() {} export const g = (o) => o instanceof f;",
		"function f() {} f.prototype.a = 1; export const g = () => f();",
		"function f() {} export const g = () => { f = 1; return f; };",
		"function f() { return this; } export const g = () => f();",
		"function f() { return () => arguments; } export const g = () => f();",
		"function f() { return new.target; } export const g = () => f();",
		"function* f() {} export const g = () => f();",
		"async function f() {} export const g = () => f();",
	])
		assert.match(await build(kept, arrowsInRom() as Plugin), /function\*? f\(/, kept);
	const inner = "function f() { return function () { return this; }; } export const g = () => f();";
	assert.match(await build(inner, arrowsInRom() as Plugin), /const f = \(\) => \{ return function/);
	const exported = arrowsInRom({ exported: ({ fileName }) => fileName === "main.js" }) as Plugin;
	assert.match(await build("export function f() { return 1; }", exported), /const f = \(\) =>/);
});

test("constants stand where they are used; what is exported stays, too", async () => {
	const code = await build(
		`const K = 1024, MOST = 4 * K - 1, LOW = -MOST, YES = true, NAME = "short";
		export const KEPT = 2 ** 3;
		const LONG = "eleven letters", NONE = 1 / 0, ZERO = 0 * -1, OTHER = [K];
		export const all = (MORE) => ({ MOST, LOW, NAME, sum: 1 - LOW, text: K.toString(), yes: YES, KEPT, LONG, NONE, ZERO, OTHER });
		export const shadowed = (K) => { const MOST = K; return MOST; };
		export const names = { K: 1 }.K;`,
		constantsInCode() as Plugin,
	);
	assert.doesNotMatch(code, /const (K|MOST = 4|LOW|YES|NAME)\b/);
	assert.match(code, /const KEPT = /);
	assert.match(code, /KEPT: 8,/);
	const { KEPT, all, shadowed, names } = await load(code);
	assert.deepEqual(all(), {
		...{ MOST: 4095, LOW: -4095, NAME: "short", sum: 4096, text: "1024", yes: true, KEPT: 8 },
		...{ LONG: "eleven letters", NONE: Infinity, ZERO: -0, OTHER: [1024] },
	});
	assert.deepEqual([KEPT, shadowed(7), names], [8, 7, 1]);
});
