/** The npm package as somebody else gets it: what its documents link to is there, and a program of theirs uses it. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { before, describe, test } from "node:test";
import { temporaryFolder } from "../support/openssl.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const skip = existsSync(join(ROOT, "dist/node/cloud.js")) ? false : "SKIPPED: not built (npm run build)";

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

const COMPILER = {
	target: "es2023",
	module: "nodenext",
	moduleResolution: "nodenext",
	strict: true,
	exactOptionalPropertyTypes: true,
	noUncheckedIndexedAccess: true,
	skipLibCheck: false,
	types: ["node"],
	noEmit: false,
};

describe("the package that npm pack makes", { skip }, () => {
	const folder = temporaryFolder();
	const project = join(folder, "a project");
	const installed = join(project, "node_modules/enrollee");

	before(() => {
		mkdirSync(project);
		const flags = ["pack", "--ignore-scripts", "--json", "--pack-destination", folder];
		const [{ filename }] = JSON.parse(execFileSync("npm", flags, { cwd: ROOT, encoding: "utf8", stdio: "pipe" }));
		const { devDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
		writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
		const wanted = [join(folder, filename), `@types/node@${devDependencies["@types/node"]}`];
		execFileSync("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", ...wanted], {
			cwd: project,
			stdio: "pipe",
		});
	});

	test("every relative link of every document finds its target", () => {
		const documents = readdirSync(installed, { recursive: true, encoding: "utf8" }).filter(
			(path) => path.endsWith(".md") && !path.includes("node_modules"),
		);
		assert.ok(documents.length >= 8, documents.join(" "));
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
		writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions: COMPILER, files: ["main.ts"] }));
		const checked = spawnSync(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", project], {
			encoding: "utf8",
		});
		assert.equal(checked.stdout, "");
		const run = spawnSync(process.execPath, ["main.js"], { cwd: project, encoding: "utf8" });
		assert.equal(run.status, 0, run.stderr + run.stdout);
		assert.match(run.stdout, /^arrived dev-001 \{"temperature":21.5\}$/m);
	});

	test("the plugin that makes BigInt fit for ROM can be imported", () => {
		const program =
			'import { xsRom } from "enrollee/hw/moddable/xs-rom"; console.log(xsRom({ include: () => true }).name);';
		const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
			cwd: project,
			encoding: "utf8",
		});
		assert.match(stdout, /^xs-rom$/m, stderr);
	});

	test("nothing of the tests is in it", () => {
		const files = readdirSync(installed, { recursive: true, encoding: "utf8" });
		assert.deepEqual(
			files.filter((path) => /^test\//.test(relative(".", path)) && statSync(join(installed, path)).isFile()),
			[],
		);
	});
});

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
