/**
 * A newcomer: installs the tarball in a folder with a space in its name, without HOME, without a terminal, and types every command
 * line of the documents, in bash; lines.test.ts holds that none is forgotten.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import type { Ready } from "../../cloud/contract.ts";
import { COMMANDS } from "../../hw/node/commands.ts";
import { install, pack } from "../node/packed.ts";
import { temporaryFolder } from "../support/openssl.ts";
import { blocksOf, DOCUMENTS, spansOf } from "./documents.ts";
import { LINES, type Typed } from "./lines.ts";

const project = join(temporaryFolder(), "a new project");
/** Node's and npm's. */
const NPM = dirname(process.execPath);
/** What npx does here once it has started, which takes five times what the command does: the demo starts with npm's own. */
const ONLY_THE_COMMAND = temporaryFolder({
	npx: '#!/bin/sh\ncommand=$1\nshift\nexec "node_modules/.bin/$command" "$@"\n',
});
chmodSync(join(ONLY_THE_COMMAND, "npx"), 0o755);

describe("from the installed tarball", () => {
	/** The cloud that a newcomer has started. */
	let cloud: Ready & { readonly apiUrl: string; readonly apiToken: string };
	let running: ChildProcess;

	before(() => install(pack(), project));
	after(async () => {
		running?.kill("SIGINT");
		if (running?.exitCode === null) await once(running, "exit");
	});

	test("the README's list of commands is what there is, each with its help", () => {
		const listed = blocksOf("README.md").find(({ lines }) => lines[0]!.startsWith("enrollee run"))!;
		const names = listed.lines.map((line) => line.split(/\s+/)[1]!);
		assert.deepEqual(names.sort(), Object.keys(COMMANDS).sort());
		for (const name of names) assert.match(bash(`npx enrollee ${name} --help`), /^Usage: enrollee/, name);
	});

	test("what the text says of a command's flags is true", () => {
		const { words } = JSON.parse(bash("npx enrollee completion bash --json"));
		const spans = DOCUMENTS.flatMap((document) => spansOf(document)).filter((span) =>
			/^(npx )?enrollee [a-z]+( |$)/.test(span),
		);
		assert.ok(spans.length > 10);
		for (const span of spans) {
			const [, name, rest] = /enrollee ([a-z]+)(.*)$/.exec(span)!;
			assert.ok(Object.hasOwn(COMMANDS, name!), span);
			for (const [flag] of rest!.matchAll(/--[a-z-]+/g)) assert.ok(words[name!].includes(flag), span);
		}
	});

	test("demo", () => assert.match(bash("npx enrollee demo", NPM), /credential\.proven\s+sequence=2/));

	test("new: not where the SDK cannot build; elsewhere npm installs it from what made it, and its types are right", () => {
		const refused = spawnSync("bash", ["-c", "npx enrollee new my-sensor"], {
			cwd: project,
			env: environment(),
			encoding: "utf8",
		});
		assert.equal(refused.status, 2);
		assert.match(refused.stderr, /a new project\/my-sensor: .*no path with a space/);
		const made = join(temporaryFolder(), "my-sensor");
		bash(`npx enrollee new ${made}`);
		const { dependencies } = JSON.parse(readFileSync(join(made, "package.json"), "utf8"));
		assert.match(dependencies.enrollee, /^file:\.\..*enrollee-.*\.tgz$/);
		bash(`cd ${made}; npm install --prefer-offline --no-audit --no-fund --silent; npm run --silent check`);
	});

	for (const typed of LINES) {
		if (typeof typed.how === "object") continue;
		test(typed.line, { skip: missing(typed) }, async () => {
			if (typed.how === "stays") await stays(typed.line);
			else {
				if (/run .*--state device|my-device/.test(typed.line) && cloud === undefined) await startCloud();
				// A line that is written for one device of several makes the file of another anew.
				if (typed.line.endsWith("--out dev-042.csv")) rmSync(join(project, "dev-042.csv"), { force: true });
				bash(typed.line);
			}
		});
	}

	/** What the line says, with the values that its reader has. */
	function filled(line: string): string {
		if (cloud === undefined) return line.startsWith("npx enrollee cloud") ? withPort(line) : line;
		const id = /--registration-id (\S+)/.exec(line)?.[1] ?? "my-device";
		return line
			.replace("ENROLLEE_SYMMETRIC_KEY=...", `ENROLLEE_SYMMETRIC_KEY=${keyOf(id)}`)
			.replace(/--id-scope (\.\.\.|0ne\w+)/, `--id-scope ${cloud.idScope}`)
			.replace(/localhost:8883/g, `localhost:${cloud.port}`)
			.replace("-p 8883", `-p ${cloud.port}`)
			.replace("BASE64", keyOf(id))
			.replace(/ \.\.\.$/, ` --id-scope ${cloud.idScope} --registration-id my-device --json`);
	}

	/** Any free port: the one of the documents may be taken on this machine. */
	function withPort(line: string): string {
		if (line.endsWith("--help")) return line;
		return `${line}${line.includes("--port") ? "" : " --port 0"}${line.includes("--json") ? "" : " --json"}`;
	}

	function keyOf(id: string): string {
		if (id === cloud.registrationId) return cloud.symmetricKey;
		return createHmac("sha256", Buffer.from(cloud.groupKey, "base64")).update(id).digest("base64");
	}

	function environment(npx = ONLY_THE_COMMAND): NodeJS.ProcessEnv {
		const known = cloud && {
			ENROLLEE_DPS: `${cloud.host}:${cloud.port}`,
			ENROLLEE_CA: cloud.rootCa,
			ENROLLEE_SYMMETRIC_KEY: keyOf("my-device"),
			TOKEN: cloud.apiToken,
			API: cloud.apiUrl,
			GROUP_KEY: cloud.groupKey,
		};
		return { PATH: `${npx}:${NPM}:/usr/local/bin:/usr/bin:/bin`, ...known };
	}

	/** Its standard output; fails where it does. */
	function bash(line: string, npx?: string): string {
		const options = { cwd: project, env: environment(npx), encoding: "utf8", input: "" } as const;
		const { status, stdout, stderr } = spawnSync("bash", ["-c", `set -e; ${forIndividual(filled(line))}`], options);
		assert.equal(status, 0, `${line}\n${stdout}${stderr}`);
		assert.doesNotMatch(stderr, /\n\s+at /, "a stack trace");
		return stdout;
	}

	/** The group's key and the device's own in one line are too many. */
	function forIndividual(line: string): string {
		return /--(group|device)-key/.test(line) ? `unset ENROLLEE_SYMMETRIC_KEY; ${line}` : line;
	}

	/** Without npx, which has a code of its own where it is interrupted. */
	function start(line: string): ChildProcess {
		mkdirSync(join(project, "updates"), { recursive: true });
		return spawn("bash", ["-c", `exec ${filled(line).replace("npx ", "node_modules/.bin/")}`], {
			cwd: project,
			env: environment(),
			stdio: ["ignore", "pipe", "inherit"],
		});
	}

	async function firstLine(child: ChildProcess): Promise<string> {
		for await (const line of createInterface({ input: child.stdout! })) return line;
		throw new Error("it said nothing");
	}

	/** Interrupted as by Ctrl-C. */
	async function stays(line: string): Promise<void> {
		const child = start(line);
		const said = await firstLine(child);
		child.stdout!.resume();
		child.kill("SIGINT");
		const [code] = await once(child, "exit");
		assert.deepEqual([code, JSON.parse(said).code], [0, undefined], said);
	}

	async function startCloud(): Promise<void> {
		running = start("npx enrollee cloud --state ./cloud");
		cloud = JSON.parse(await firstLine(running));
		running.stdout!.resume();
	}
});

function missing({ line }: Typed): string | false {
	const program = /^\(?(?:\w+=\S+ )*(\S+)/.exec(line)![1]!;
	const found = spawnSync("bash", ["-c", `command -v ${program}`]).status === 0;
	return found ? false : `SKIPPED: no ${program}`;
}
