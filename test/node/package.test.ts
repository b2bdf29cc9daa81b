/** The npm package as somebody else gets it: what its documents link to is there, and a program of theirs uses it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { before, describe, test } from "node:test";
import { temporaryFolder } from "../support/openssl.ts";
import { compile, install, pack } from "./packed.ts";

/** Fifteen lines that enrol an agent at a cloud of its own. */
const PROGRAM = `import { Agent, createPorts, parseConfig } from "enrollee";
import { type LocalCloud, startCloud } from "enrollee/cloud";

const cloud: LocalCloud = await startCloud({ retryAfterSeconds: 0, onEvent: ({ event }) => console.log(event) });
const agent = new Agent({ ...createPorts("flash"), config: parseConfig(cloud.settings), once: true });
agent.telemetry({ temperature: 21.5 });
await agent.finished;
const [message] = cloud.telemetry;
console.log("arrived", message?.deviceId, new TextDecoder().decode(message?.body));
cloud.operator.pushDesired("dev-001", { interval: 5 });
await cloud.close();
`;

/** What the types have to refuse, each: TypeScript itself complains where one is no error. */
const WRONG = `// @ts-expect-error
export const waits = () => startCloud({ retryAfterSeconds: "soon" });
// @ts-expect-error
export const misspelt = () => cloud.operator.pushDesire("dev-001", {});
`;

const PLUGINS = `import { arrowsInRom, privatesInRom, regexpsInRam, xsRom } from "enrollee/hw/moddable/xs-rom";
const plugins = [xsRom({ include: () => true, report: (_, { compared }) => compared }), regexpsInRam(), privatesInRom(), arrowsInRom()];
console.log(plugins.map(({ name }) => name).join(" "));
`;

/** Their samples are for Node, all others' for a board. */
const ON_NODE = /^(cloud\/|docs\/(local-cloud|hardware-keys))/;

describe("the package that npm pack makes of a clean checkout", () => {
	const project = join(temporaryFolder(), "a project");
	const installed = join(project, "node_modules/enrollee");

	before(() => install(pack(), project));

	test("every relative link of every document finds its target", () => {
		const documents = documentsOf(installed);
		const links = documents.flatMap((path) =>
			[...readFileSync(join(installed, path), "utf8").matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => ({
				path,
				target: target!,
			})),
		);
		const relatives = links.filter(({ target }) => !/^(https?:|mailto:|#)/.test(target));
		assert.ok(relatives.length > 10);
		const dead = relatives.filter(({ path, target }) => {
			const [file, anchor] = target.split("#");
			const found = join(installed, dirname(path), file!);
			return !existsSync(found) || (anchor !== undefined && !headings(found).includes(anchor));
		});
		assert.deepEqual(
			dead.map(({ path, target }) => `${path}: ${target}`),
			[],
		);
	});

	test("fifteen lines enrol an agent at a cloud of their own, under the strictest types", { timeout: 180_000 }, () => {
		assert.ok(PROGRAM.split("\n").length - 1 <= 15);
		writeFileSync(join(project, "main.ts"), PROGRAM + WRONG);
		assert.equal(compile(project, ["main.ts"]), "");
		const run = spawnSync(process.execPath, ["main.js"], { cwd: project, encoding: "utf8" });
		assert.equal(run.status, 0, run.stderr + run.stdout);
		assert.match(run.stdout, /^arrived dev-001 \{"temperature":21.5\}$/m);
	});

	test("every sample of the documents can be copied: by its types, on Node or on a board", () => {
		const samples = documentsOf(installed).flatMap((path) =>
			samplesOf(join(installed, path)).map((it) => ({ path, ...it })),
		);
		assert.deepEqual(
			samples.filter(({ text }) => /\bfrom "\.|\bimport "\./.test(text)).map(({ path, text }) => `${path}: ${text}`),
			[],
			"imports by a path that a reader does not have",
		);
		for (const [platform, options] of [
			["node", {}],
			["board", boardOptions(installed)],
		] as const) {
			const files = samples
				.filter(({ path, language }) => language === "ts" && (platform === "node") === ON_NODE.test(path))
				.map(({ path, text }, at) => {
					const file = `${platform}-${at}-${path.replaceAll("/", "-")}.ts`;
					// Of a module, whatever it imports; where a sample leaves a value unused, so may its reader.
					writeFileSync(join(project, file), `${text}\nexport {};\n`);
					return file;
				});
			assert.ok(files.length > 0, platform);
			assert.equal(compile(project, files, { ...options, noEmit: true }), "");
		}
	});

	test("the plugins that make code fit for ROM can be imported, with types that need no rollup", () => {
		writeFileSync(join(project, "plugins.ts"), PLUGINS);
		assert.equal(compile(project, ["plugins.ts"]), "");
		const { stdout, stderr } = spawnSync(process.execPath, ["plugins.js"], { cwd: project, encoding: "utf8" });
		assert.equal(stdout, "xs-rom regexps-in-ram privates-in-rom arrows-in-rom\n", stderr);
	});

	test("nothing of the tests is in it", () => {
		const files = readdirSync(installed, { recursive: true, encoding: "utf8" });
		assert.deepEqual(
			files.filter((path) => /^test\//.test(relative(".", path)) && statSync(join(installed, path)).isFile()),
			[],
		);
	});
});

function documentsOf(installed: string): string[] {
	const documents = readdirSync(installed, { recursive: true, encoding: "utf8" }).filter(
		(path) => path.endsWith(".md") && !path.includes("node_modules"),
	);
	assert.ok(documents.length >= 8, documents.join(" "));
	return documents;
}

function samplesOf(document: string): { readonly language: string; readonly text: string }[] {
	const blocks = readFileSync(document, "utf8").matchAll(/^```(ts|js)\n(.*?)^```$/gms);
	return [...blocks].map(([, language, text]) => ({ language: language!, text: text! }));
}

/** As mcconfig tells TypeScript: a module's types stand beside it in the manifest. */
function boardOptions(installed: string): object {
	const paths: Record<string, string[]> = {};
	for (const name of ["manifest.json", "manifest_app.json", "manifest_slot.json"]) {
		const { modules, platforms } = JSON.parse(readFileSync(join(installed, "hw/moddable", name), "utf8"));
		for (const [module, files] of Object.entries({ ...modules, ...platforms?.esp32?.modules }))
			if (Array.isArray(files) && files.length > 1)
				paths[module] = [`${join(installed, "hw/moddable", files[1])}.d.ts`];
	}
	return { module: "esnext", moduleResolution: "bundler", lib: ["es2023"], types: [], paths };
}

/** As GitHub makes them of headings. */
function headings(path: string): string[] {
	return [...readFileSync(path, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, text]) =>
		text!
			.toLowerCase()
			.replace(/[^\p{L}\p{N}\s_-]/gu, "")
			.trim()
			.replaceAll(" ", "-"),
	);
}
