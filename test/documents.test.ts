/**
 * What documents and comments say of this repository: the files they name are there, the rooms of the changelog too, and one
 * word means one thing.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import ts from "typescript";

const ROOT = join(import.meta.dirname, "..");
const FOLDERS = ["src", "cloud", "hw", "test", "bench", "examples", "docs", "findings"];
const paths = FOLDERS.flatMap((folder) =>
	readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((name) => `${folder}/${name}`),
).filter((path) => !/(^|\/)(node_modules|dist|build|tmp|\.enrollee)(\/|$)/.test(path));
const documents = [...readdirSync(ROOT), ...paths].filter((path) => path.endsWith(".md"));
const sources = paths.filter((path) => /(?<!\.d)\.(ts|js|mjs|cjs)$/.test(path));
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** What looks like a path from the root into one of our folders. */
const PATH = /(?<![\w./@$-])(?:src|cloud|hw|test|bench|examples|docs|findings)\/[\w./-]*[\w-]/g;
/** A lone name of a file. */
const FILE = /(?<![\w./@$*-])[a-z][\w-]*(?:\.test)?\.(?:ts|js|mjs|css)(?![\w/-])/g;

/** Paths of other software, of a reader's own folder, and a pattern. */
const ELSEWHERE = ["examples/io/tcp/tlssocket", "examples/example0.txt", "cloud/root-ca.pem", "findings/NAME.sh"];

interface Said {
	readonly path: string;
	readonly line: number;
	readonly text: string;
}

function commentsOf(path: string): Said[] {
	const text = read(path);
	const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
	const found = new Map<number, Said>();
	const visit = (node: ts.Node): void => {
		for (const { pos, end } of ts.getLeadingCommentRanges(text, node.pos) ?? []) {
			const line = tree.getLineAndCharacterOfPosition(pos).line + 1;
			found.set(pos, { path, line, text: text.slice(pos, end) });
		}
		for (const child of node.getChildren(tree)) visit(child);
	};
	visit(tree);
	return [...found.values()];
}

const comments = sources.flatMap(commentsOf);
const prose = documents.flatMap((path) =>
	read(path)
		.split("\n")
		.map((text, at): Said => ({ path, line: at + 1, text })),
);
const place = ({ path, line }: Said, what: string): string => `${path}:${line}: ${what}`;

test("paths that comments and documents name are there", () => {
	const isThere = (named: string, from: string): boolean =>
		existsSync(join(ROOT, named)) ||
		existsSync(join(ROOT, dirname(from), named)) ||
		paths.some((path) => path.startsWith(`${named}.`));
	const wrong = [...comments, ...prose].flatMap((said) =>
		[...said.text.matchAll(PATH)]
			.map(([named]) => named)
			.filter((named) => !ELSEWHERE.includes(named) && !isThere(named, said.path))
			.map((named) => place(said, named)),
	);
	assert.deepEqual(wrong, []);
});

test("files that comments name are there", () => {
	const names = new Set([...paths, ...readdirSync(ROOT)].map((path) => basename(path)));
	const wrong = comments.flatMap((said) =>
		[...said.text.matchAll(FILE)].filter(([name]) => !names.has(name)).map(([name]) => place(said, name)),
	);
	assert.deepEqual(wrong, []);
});

test("one word for one thing: a failure that goes by itself is transient, a growing wait a back-off", () => {
	const WORDS =
		/\bweather(?:ed|s|ing)?\b|\bpassing (?:failure|fault|error|trouble)|\bbackoffs?\b|\b(?:the|a|an) back off\b/i;
	const wrong = [...comments, ...prose].flatMap((said) => {
		const [word] = WORDS.exec(said.text.replace(/`[^`]*`/g, "")) ?? [];
		return word === undefined ? [] : [place(said, word)];
	});
	const titles = sources
		.filter((path) => path.endsWith(".test.ts"))
		.flatMap((path) =>
			[...read(path).matchAll(/^\t*(?:test|describe)\((["`])(.+?)\1,/gm)].map(([, , title]) => `${path}: ${title}`),
		);
	assert.ok(titles.length > 500, `${titles.length} titles`);
	assert.deepEqual([...wrong, ...titles.filter((title) => WORDS.test(title))], []);
	const identifiers = sources.filter(
		(path) => /\b(?:PASSING|isPassing|weather\w*)\b/.test(read(path)) && path !== "test/documents.test.ts",
	);
	assert.deepEqual(identifiers, []);
});

test("an entry of the changelog begins with a room, or with what everybody sees", () => {
	const rooms = [...paths, "agent", "command line", "docs", "package", "base"].map((path) => basename(path));
	const [, unreleased = ""] = read("CHANGELOG.md").split("\n## ");
	const wrong = [...unreleased.matchAll(/^- ([a-z][a-z, ]*?)(?: on XS)?: /gm)]
		.flatMap(([, heading]) => heading!.split(", "))
		.filter((room) => !rooms.includes(room) && room !== "on XS");
	assert.deepEqual(wrong, []);
});

test("the cloud's export is named wherever somebody may look for it", () => {
	for (const path of ["README.md", "cloud/README.md", "docs/local-cloud.md", "CHANGELOG.md"])
		assert.match(read(path), /`enrollee\/cloud`|"enrollee\/cloud"/, path);
});
