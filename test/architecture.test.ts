/**
 * What the design promises about the source text: the direction of imports, who may import which package, no state in
 * modules (ROM would make it read-only), no globals that XS lacks or that hide I/O, and files that one can read.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize, relative } from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { importsOf, isImported, isUse, modifiers, walk } from "./syntax.ts";

const MAX_LINES = 250;
const MAX_BYTES = 14 * 1024;

/**
 * Lower layers first: a room imports itself and lower layers only. The files of src itself that are not named here tell
 * the story (agent, app, ...) and stand above every room.
 */
const LAYERS: readonly (readonly string[])[] = [
	["fault", "port", "release", "remedies"],
	["base"],
	["store", "key"],
	["x509", "mqtt", "suit"],
	["dps", "hub"],
	["update"],
	["application"],
	["config"],
	["identity"],
	["options"],
	["agent"],
];

/**
 * Rooms of src (folders, and files of src itself) and arrows between them, types counted as imports. Both may only fall: who needs
 * one more says here why: library.ts, the list of exports, names each room that it takes one from (`base` for applicationLog).
 */
const MOST_ROOMS = 20;
const MOST_ARROWS = 89;

/** Who may import a package or a platform's modules; everything else is open to nobody in src. */
const PACKAGES: readonly { readonly what: RegExp; readonly where: RegExp }[] = [
	{ what: /^@noble\//, where: /^(src\/key|test|bench)\// },
	{ what: /^mqtt-packet$/, where: /^(src\/mqtt\/packet\.ts$|cloud\/|test\/|bench\/)/ },
	{ what: /^buffer$/, where: /^(src\/mqtt\/packet\.ts$|hw\/moddable\/|test\/)/ },
	{
		what: /^node:/,
		where:
			/^(cloud|hw\/node|hw\/moddable\/(xs-rom|shims\/rollup\.js$)|hw\/simulator\/\w+\.ts$|hw\/emulator|test|bench)(\/|$)/,
	},
	{ what: /^(embedded:|mc\/|pins\/)/, where: /^(hw\/moddable|hw\/simulator|test\/sim|test\/suites|bench)\// },
	{ what: /^#(curves|digest|entropy|formulas|jacobian|self-test|text)$/, where: /^(src|hw|test|bench)\// },
];

/** XS lacks them, or they reach the world past the ports. */
const FORBIDDEN_GLOBALS =
	"Buffer TextEncoder TextDecoder atob btoa console structuredClone setTimeout setInterval setImmediate clearTimeout clearInterval process performance crypto fetch require WebSocket localStorage eval Function".split(
		" ",
	);

const root = join(import.meta.dirname, "..");
const files = ["src", "cloud", "hw", "test", "bench", "examples", "findings"]
	.flatMap((folder) =>
		readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
	)
	.filter((path) => !/node_modules|(^|\/)(build|dist|tmp)\//.test(path))
	.filter((path) => /(?<!\.d)\.(ts|js|mjs|cjs|c|h|cpp|css|html|sh)$/.test(path));
const sources = files
	.filter((path) => /\.(ts|js|mjs|cjs)$/.test(path) && !path.startsWith("examples/"))
	.map((path) => ({
		path,
		tree: ts.createSourceFile(path, readFileSync(join(root, path), "utf8"), ts.ScriptTarget.Latest, true),
	}));
/** The files of this repository that one imports. */
const targetsOf = ({ path, tree }: (typeof sources)[number], types = true): string[] =>
	importsOf(tree, { types })
		.filter((name) => name.startsWith("."))
		.map((name) => normalize(join(dirname(path), name)));
const core = sources.filter(({ path }) => path.startsWith("src/"));

test("there is something to look at", () => {
	assert.ok(core.length > 30 && sources.length > core.length);
});

test("imports go from higher layers to lower ones", () => {
	const wrong: string[] = [];
	for (const source of core) {
		const { path } = source;
		for (const target of targetsOf(source)) {
			const [from, to] = [layerOf(path), layerOf(target)];
			const beside = roomOf(target) === roomOf(path) || (from === to && isFile(path) && isFile(target));
			if (!target.startsWith("src/") || (to >= from && !beside)) wrong.push(`${path} imports ${target}`);
		}
		if (layerOf(path) === LAYERS.length && !isFile(path)) wrong.push(`${path}: its room is in no layer`);
	}
	assert.deepEqual(wrong, []);
});

test(`src has at most ${MOST_ROOMS} rooms and ${MOST_ARROWS} arrows between them`, () => {
	const arrows = core.flatMap((source) =>
		targetsOf(source)
			.filter((target) => roomOf(target) !== roomOf(source.path))
			.map((target) => `${roomOf(source.path)} -> ${roomOf(target)}`),
	);
	const rooms = new Set(core.map(({ path }) => roomOf(path))).size;
	assert.ok(rooms <= MOST_ROOMS, `${rooms} rooms`);
	const different = [...new Set(arrows)].sort();
	assert.ok(different.length <= MOST_ARROWS, `${different.length} arrows:\n${different.join("\n")}`);
});

test("what is shipped imports nothing from the tests, and what a device runs nothing of the cloud", () => {
	const wrong = sources.flatMap((source) =>
		targetsOf(source)
			.filter(
				(target) =>
					(/^(src|cloud|hw)\//.test(source.path) && /^(test|bench)\//.test(target)) ||
					(/^(src|hw\/moddable)\//.test(source.path) && /^cloud\//.test(target)),
			)
			.map((target) => `${source.path} imports ${target}`),
	);
	assert.deepEqual(wrong, []);
});

test("what tests share is used by two rooms, or by what they share", () => {
	const users = new Map<string, Set<string>>();
	for (const source of sources)
		for (const target of targetsOf(source))
			users.set(target, (users.get(target) ?? new Set()).add(dirname(source.path)));
	const lonely = sources
		.filter(({ path }) => dirname(path) === "test/support" && !path.endsWith(".test.ts"))
		.map(({ path }) => ({ path, by: [...(users.get(path) ?? [])] }))
		.filter(({ by }) => by.length < 2 && !by.includes("test/support"))
		.map(({ path, by }) => `${path}: used by ${by.join() || "nobody"}`);
	assert.deepEqual(lonely, []);
});

test("no two files of src share a name", () => {
	const names = core.map(({ path }) => basename(path));
	assert.deepEqual(
		names.filter((name, at) => names.indexOf(name) !== at),
		[],
	);
});

test("no file imports itself through others, and in src and hw/moddable/tls not even for its types", () => {
	const strict = /^(src|hw\/moddable\/tls)\//;
	const graph = new Map(sources.map((source) => [source.path, targetsOf(source, strict.test(source.path))]));
	const done = new Set<string>();
	const visit = (path: string, trail: readonly string[]): void => {
		assert.ok(!trail.includes(path), [...trail, path].join(" -> "));
		if (done.has(path)) return;
		for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
		done.add(path);
	};
	for (const path of graph.keys()) visit(path, []);
});

test("packages and platform modules stay where they belong", () => {
	const wrong: string[] = [];
	for (const { path, tree } of sources) {
		for (const specifier of importsOf(tree)) {
			if (specifier.startsWith(".")) {
				if (!/\.(ts|js|mjs|json)$/.test(specifier)) wrong.push(`${path} imports ${specifier} without its extension`);
				continue;
			}
			const rule = PACKAGES.find(({ what }) => what.test(specifier));
			if (rule ? !rule.where.test(path) : path.startsWith("src/")) wrong.push(`${path} imports ${specifier}`);
		}
	}
	assert.deepEqual(wrong, []);
});

test("no module of src holds state of its own or exports a default", () => {
	const wrong: string[] = [];
	for (const { path, tree } of core) {
		for (const statement of tree.statements) {
			if (ts.isVariableStatement(statement) && !(statement.declarationList.flags & ts.NodeFlags.Const))
				wrong.push(`${path}: ${statement.getText().split("\n")[0]}`);
			if (ts.isExportAssignment(statement) || modifiers(statement).includes(ts.SyntaxKind.DefaultKeyword))
				wrong.push(`${path}: default export`);
		}
		walk(tree, (node) => {
			const isStatic = ts.isPropertyDeclaration(node) && modifiers(node).includes(ts.SyntaxKind.StaticKeyword);
			if (isStatic && !modifiers(node).includes(ts.SyntaxKind.ReadonlyKeyword))
				wrong.push(`${path}: ${node.getText().split("\n")[0]}`);
		});
	}
	assert.deepEqual(wrong, []);
});

test("src uses no clock, no randomness, no timer, and nothing that XS lacks", () => {
	const wrong: string[] = [];
	for (const { path, tree } of core) {
		walk(tree, (node) => {
			const at = () =>
				`${path}:${tree.getLineAndCharacterOfPosition(node.getStart()).line + 1}: ${node.getText().slice(0, 60)}`;
			const text = node.getText();
			if (ts.isIdentifier(node) && FORBIDDEN_GLOBALS.includes(node.text) && isUse(node) && !isImported(tree, node.text))
				wrong.push(at());
			if (ts.isPropertyAccessExpression(node) && (text === "Date.now" || text === "Math.random")) wrong.push(at());
			if (ts.isNewExpression(node) && node.expression.getText() === "Date" && !node.arguments?.length) wrong.push(at());
			if (ts.isCallExpression(node) && /^new Array\b.*\.fill$/s.test(node.expression.getText())) wrong.push(at());
			if (ts.isRegularExpressionLiteral(node) && /\(\?<[=!]/.test(text)) wrong.push(at());
			// A range and the flag i: XS takes 44 bytes of a board's heap, beside its own, for each of its characters.
			if (ts.isRegularExpressionLiteral(node) && /\[[^\]]*-[^\]]+\].*\/\w*i\w*$/s.test(text)) wrong.push(at());
		});
	}
	assert.deepEqual(wrong, []);
});

test(`no file has more than ${MAX_LINES} lines or ${MAX_BYTES} bytes`, () => {
	const large = files
		.map((path) => ({ path, text: readFileSync(join(root, path)) }))
		.map(({ path, text }) => ({ path, bytes: text.length, lines: text.toString("utf8").split("\n").length - 1 }))
		.filter(({ bytes, lines }) => bytes > MAX_BYTES || lines > MAX_LINES)
		.map(({ path, bytes, lines }) => `${path}: ${lines} lines, ${bytes} bytes`);
	assert.deepEqual(large, []);
});

/** `src/x509/der.ts` is of room x509, `src/agent.ts` of agent. */
function roomOf(path: string): string {
	return relative("src", path).split("/")[0]!.replace(/\.ts$/, "");
}

/** A file of src itself, in no folder. */
const isFile = (path: string): boolean => path.split("/").length === 2;

function layerOf(path: string): number {
	const layer = LAYERS.findIndex((rooms) => rooms.includes(roomOf(path)));
	return layer < 0 ? LAYERS.length : layer;
}
