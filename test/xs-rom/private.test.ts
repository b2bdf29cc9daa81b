/** The plugin that makes private members ordinary ones: same behaviour, other names, and what it refuses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { rollup } from "rollup";
import { privatesInRom } from "../../hw/moddable/xs-rom/index.js";

async function build(code: string): Promise<string> {
	const source = { name: "source", resolveId: (id: string) => id, load: () => code };
	const bundle = await rollup({ input: "main", plugins: [source, privatesInRom()] });
	return (await bundle.generate({ format: "es" })).output[0].code;
}

test("methods, accessors, fields and static members become ordinary ones", async () => {
	const code = await build(`export class Counter {
		static #step = 1;
		#count = 0;
		#last;
		get #next() { return this.#count + Counter.#step; }
		#by(step) { this.#last = step; this.#count = this.#next - 1 + step; return () => this.#by; }
		twice() { this.#by(1); this.#by(2); return [this.#count, this.#last]; }
	}`);
	assert.doesNotMatch(code, /#/);
	const { Counter } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
	assert.deepEqual(new Counter().twice(), [3, 2]);
	assert.deepEqual(Object.keys(new Counter()), ["$$count", "$$last"]);
});

test("members of a class and of the one that it extends keep apart, and those of a class inside a class", async () => {
	const code = await build(`class A { #x = 1; a() { return this.#x; } }
	export class B extends A { #x = 2; b() { return [this.#x, new (class { #x = 3; c() { return this.#x; } })().c()]; } }`);
	const { B } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
	assert.deepEqual([new B().a(), new B().b()], [1, [2, 3]]);
});

test("what it cannot tell stops the build", async () => {
	await assert.rejects(build("export class A { #m() {} is(o) { return #m in o; } }"), /in an object/);
	await assert.rejects(build("export class A { #m = 1; $$m = 2; both() { return this.#m; } }"), /second meaning/);
	await assert.rejects(build("export class A { #m = 1; both() { return this.#m + this.$$m; } }"), /second meaning/);
	await assert.rejects(
		build("export default [class extends Object { #m = 1; m() { return this.#m; } }]"),
		/without a name/,
	);
});
