/** The plugin that takes private methods out of instances: same behaviour, ordinary names, and what it refuses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { rollup } from "rollup";
import { privateMethodsInRom } from "../../hw/moddable/xs-rom/index.js";

async function build(code: string): Promise<string> {
	const source = { name: "source", resolveId: (id: string) => id, load: () => code };
	const bundle = await rollup({ input: "main", plugins: [source, privateMethodsInRom()] });
	return (await bundle.generate({ format: "es" })).output[0].code;
}

test("methods and accessors become ordinary ones, fields stay private", async () => {
	const code = await build(`export class Counter {
		#count = 0;
		get #next() { return this.#count + 1; }
		#step(by) { this.#count = this.#next - 1 + by; return () => this.#step; }
		twice() { this.#step(1); this.#step(2); return this.#count; }
	}`);
	assert.deepEqual([...new Set(code.match(/#\w+/g))], ["#count"]);
	const { Counter } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
	assert.equal(new Counter().twice(), 3);
	assert.deepEqual(Object.getOwnPropertyNames(new Counter()), []);
});

test("a name with a second meaning, and a test for one, stop the build", async () => {
	await assert.rejects(build("export class A { #m() {} is(o) { return #m in o; } }"), /in an object/);
	await assert.rejects(build("export class A { #m() { return class { #m = 1; }; } }"), /second meaning/);
	await assert.rejects(build("export class A { #m() { return class { #m() {} }; } }"), /second meaning/);
});
