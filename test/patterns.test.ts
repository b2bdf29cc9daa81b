/** Regular expressions in what a device runs: XS's engine has its bounds. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { walk, walkNow } from "./syntax.ts";

/** Times that a pattern may repeat something; what may stand anywhere in a text is looked for instead. */
const MOST_REPEATED = 64;
/** These repeat without a bound, and what they are shown has one. */
const BOUNDED_INPUT: readonly string[] = [
	"src/application/archive.ts: /^app(\\/[a-z0-9_.-]+)+$/", // 64 bytes
	"hw/moddable/state-files.ts: /^\\/+/", // the simulator's own path
	"hw/moddable/store-files.ts: /^\\/+/",
];

const root = join(import.meta.dirname, "..");
const sources = ["src", "hw/moddable"]
	.flatMap((folder) =>
		readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => `${folder}/${name}`),
	)
	.filter(
		(path) => /(?<!\.d)\.(ts|js)$/.test(path) && !/\/(node_modules|xs-rom)\/|shims\/(rollup|noble)\.js$/.test(path),
	)
	.map((path) => ({
		path,
		tree: ts.createSourceFile(path, readFileSync(join(root, path), "utf8"), ts.ScriptTarget.Latest, true),
	}));

test("no regular expression in ROM: XS 8.2.3 leaks, and may crash, when it runs one that the linker placed there", () => {
	const wrong: string[] = [];
	for (const { path, tree } of sources)
		for (const statement of tree.statements.filter(ts.isVariableStatement))
			for (const { initializer } of statement.declarationList.declarations)
				if (initializer)
					walkNow(initializer, (node) => ts.isRegularExpressionLiteral(node) && wrong.push(`${path}: ${node.text}`));
	assert.deepEqual(wrong, []);
});

test("no pattern of a device repeats without a bound: XS takes C heap for each time, and without any it restarts", () => {
	const wrong: string[] = [];
	for (const { path, tree } of sources)
		walk(tree, (node) => {
			if (!ts.isRegularExpressionLiteral(node) || BOUNDED_INPUT.includes(`${path}: ${node.text}`)) return;
			const bare = node.text.replace(/\\./g, "x").replace(/\[[^\]]*\]/g, "x");
			const most = Array.from(bare.matchAll(/\{(?:\d+,)?(\d*)\}/g), ([, count]) =>
				count === "" ? Number.POSITIVE_INFINITY : Number(count),
			);
			if (/[*+]/.test(bare) || most.some((count) => count > MOST_REPEATED)) wrong.push(`${path}: ${node.text}`);
		});
	assert.deepEqual(wrong, []);
});
