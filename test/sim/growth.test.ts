/**
 * What a parser of foreign bytes costs grows as its input does, on XS, to which a place in a text, texts put together and patterns are
 * steps for each character: instructions by callgrind of each row (growth/), with its input and with a quarter of it; five times as many
 * fail. In a machine with room, so that no garbage collection falls into a count. ROWS=TEXT: those whose name has that. Every
 * third by default, all with SWEEP=1.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import commonjs from "@rollup/plugin-commonjs";
import resolve from "@rollup/plugin-node-resolve";
import { type Plugin, rollup } from "rollup";
import ts from "typescript";
import { countLabelled } from "../../bench/callgrind.ts";
import { mqttPacketShims } from "../../hw/moddable/shims/rollup.js";
import { type App, buildForXs, project, skip } from "../../hw/simulator/harness.ts";
import { sampled } from "../support/random.ts";
import { foreignReaders } from "./growth/readers.ts";

const valgrind = spawnSync("valgrind", ["--version"]).error ? "SKIPPED: no valgrind" : false;
const MOST_GROWTH = 5;
const { ROWS } = process.env;

test("every parser has a row", () => {
	const folder = join(project, "test/sim/growth");
	const rows = readdirSync(folder)
		.filter((file) => file.includes("-rows."))
		.flatMap((file) =>
			Array.from(
				readFileSync(join(folder, file), "utf8").matchAll(/"((?:src|hw)\/[\w/.-]+\.ts \w+)"/g),
				([, reader]) => reader!,
			),
		);
	for (const row of rows) {
		const [path, name] = row.split(" ");
		const text = readFileSync(join(project, path!), "utf8");
		assert.match(text, new RegExp(`^export [\\w ]*\\b${name}\\b`, "m"), row);
	}
	assert.deepEqual(
		foreignReaders().filter((reader) => !rows.includes(reader)),
		[],
	);
});

test("four times the input costs at most five times the instructions", {
	skip: skip || valgrind,
	timeout: 1_800_000,
}, async () => {
	const rows = ROWS === undefined ? { EVERY: sampled("1", "3") } : { ROWS };
	const { labels, of, output } = await countLabelled(await build(), rows);
	const names = new Map(Array.from(output.matchAll(/^ROW (\d+) (.*)$/gm), ([, index, name]) => [index!, name!]));
	const costs = new Map<string, number[]>();
	for (const label of labels) {
		const name = names.get(label.split(" ")[0]!);
		if (name !== undefined && label.includes(" ")) costs.set(name, [...(costs.get(name) ?? []), of(label)]);
	}
	const growth = [...costs].map(([name, [small, large]]) => ({
		name,
		small: small!,
		large: large!,
		times: large! / small!,
	}));
	for (const { name, small, large, times } of growth.sort((a, b) => b.times - a.times))
		console.log(
			`${times.toFixed(2).padStart(6)} ${small.toString().padStart(11)} ${large.toString().padStart(11)} ${name}`,
		);
	assert.ok(ROWS !== undefined || growth.length === names.size);
	assert.ok(growth.length > 0);
	assert.deepEqual(output.match(/^WRONG .*$/gm), null);
	assert.deepEqual(
		growth.filter(({ times }) => !(times <= MOST_GROWTH)).map(({ name }) => name),
		[],
	);
});

/** The rooms as they are, but for what stands in ROM anyway. */
const inRom: Plugin = {
	name: "in ROM",
	resolveId(id, importer) {
		if (id === "#digest") return { id: "enrollee/digest", external: true };
		if (id === "#text") return { id: "enrollee/text", external: true };
		return importer !== undefined && /\/key\/\w+\.ts$/.test(id) ? { id: "enrollee/key", external: true } : null;
	},
};

const typescript: Plugin = {
	name: "typescript",
	transform: (code, id) =>
		id.endsWith(".ts")
			? ts.transpileModule(code, {
					compilerOptions: {
						target: ts.ScriptTarget.ES2022,
						module: ts.ModuleKind.ESNext,
						verbatimModuleSyntax: true,
					},
				}).outputText
			: null,
};

async function build(): Promise<App> {
	const folder = join(project, "build/growth");
	mkdirSync(folder, { recursive: true });
	const made = await rollup({
		input: join(project, "test/sim/growth/rows.js"),
		external: /^(text|ssl)\//,
		plugins: [
			inRom,
			mqttPacketShims(),
			resolve({ exportConditions: ["moddable"], preferBuiltins: false }),
			commonjs(),
			typescript,
		],
	});
	await made.write({ file: join(folder, "rows.js"), format: "es" });
	return buildForXs({
		name: "growth",
		build: "release",
		manifest: {
			include: [
				"$(ENROLLEE)/hw/moddable/manifest.json",
				"$(MODDABLE)/modules/base/debug/manifest.json",
				"$(ENROLLEE)/bench/xs/manifest.json",
			],
			creation: {
				chunk: { initial: 16 << 20, incremental: 65_536 },
				heap: { initial: 1 << 17, incremental: 1024 },
				stack: 8192,
			},
			modules: {
				"*": [],
				main: "$(ENROLLEE)/test/sim/growth/main",
				app: "$(ENROLLEE)/test/sim/growth/app",
				rows: "$(ENROLLEE)/build/growth/rows",
			},
			preload: ["app"],
		},
	});
}
