/** No command line of the documents is forgotten: each is typed by the newcomer, or said to be for somewhere else. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { blocksOf, DOCUMENTS, isCommand } from "./documents.ts";
import { LINES, SHOWN } from "./lines.ts";

const ROOT = join(import.meta.dirname, "..", "..");

test("every line of the documents is in the lists, and every one in the lists is in a document", () => {
	const blocks = DOCUMENTS.flatMap((document) => blocksOf(document));
	const typed = blocks.filter(({ lines }) => isCommand(lines[0]!));
	const found = typed.flatMap(({ lines }) => lines);
	const listed = LINES.map(({ line }) => line);
	const only = (some: readonly string[], others: readonly string[]) => some.filter((line) => !others.includes(line));
	assert.deepEqual({ unlisted: only(found, listed), nowhere: only(listed, found) }, { unlisted: [], nowhere: [] });
	const shown = blocks.filter(({ lines }) => !isCommand(lines[0]!)).map(({ lines }) => lines[0]!);
	assert.deepEqual(shown.sort(), [...SHOWN].sort());
});

test("every script of npm that the documents name is there", () => {
	const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
	const named = DOCUMENTS.flatMap((document) => [
		...readFileSync(join(ROOT, document), "utf8").matchAll(/npm run ([\w:]+)/g),
	]).map(([, script]) => script!);
	assert.ok(named.length > 10);
	for (const script of named) assert.ok(Object.hasOwn(scripts, script), script);
});
