/** Whatever goes wrong around a command is a Fault with code and remedy, said once and in time; what is missing is said all at once. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Command } from "commander";
import { wholeProgram } from "../../hw/node/commands.ts";
import { inForce } from "../../hw/node/settings.ts";
import { DOCUMENTS } from "../newcomer/documents.ts";
import { CLI, enrollee, start } from "../support/command.ts";
import { withCloud } from "../support/device.ts";
import { temporaryFolder } from "../support/openssl.ts";

const parse = (line: string) => JSON.parse(line) as Record<string, unknown>;

/** The one error there is. */
async function error(args: readonly string[], environment = {}): Promise<Record<string, unknown> & { exit: number }> {
	const { code, stderr } = await enrollee([...args, "--json"], { environment });
	const lines = stderr.trim().split("\n").map(parse);
	assert.equal(lines.length, 1, stderr);
	return { ...lines[0], exit: code! };
}

test("every command and every one below it takes --json, -v and -q", async () => {
	const leaves = (command: Command): Command[] =>
		command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
	const all = leaves(await wholeProgram());
	assert.ok(all.length > 15);
	for (const command of all)
		for (const flag of ["--json", "--verbose", "--quiet"])
			assert.ok(
				command.options.some(({ long }) => long === flag),
				`${command.name()} ${flag}`,
			);
});

test("every flag of run has its variable, which its help names and `config` takes; the documents name no other", async () => {
	const run = (await wholeProgram()).commands.find((command) => command.name() === "run")!;
	const settings = run.options.filter(({ long }) => !["--json", "--verbose", "--quiet", "--re-enrol"].includes(long!));
	assert.ok(settings.length > 30);
	const named = settings.map(({ long, description }) => {
		const variable = `ENROLLEE_${long!.slice(2).toUpperCase().replaceAll("-", "_")}`;
		assert.ok(description.endsWith(`[${variable}]`), `${long}: ${description}`);
		return variable;
	});
	const inDocuments = DOCUMENTS.flatMap((document) => [
		...readFileSync(join(import.meta.dirname, "../..", document), "utf8").matchAll(/ENROLLEE_[A-Z_]+[A-Z]/g),
	]).map(([variable]) => variable);
	const builds = ["ENROLLEE_CURVES", "ENROLLEE_FORMULAS", "ENROLLEE_NAMES", "ENROLLEE_BENCH"];
	assert.deepEqual(
		inDocuments.filter((variable) => !named.includes(variable) && !builds.includes(variable)),
		[],
	);
	for (const variable of named) {
		const given = inForce({}, { [variable]: "1" }, undefined);
		assert.deepEqual(
			given.map(({ source }) => source),
			[variable],
		);
	}
	const { stdout } = await enrollee(["config", "--json"]);
	for (const preset of ["state", "telemetry", "dps"]) assert.match(stdout, new RegExp(`"name":"${preset}"`));
});

test("where the system makes no folder: a Fault at once, whatever the command", {
	skip: !existsSync("/proc/self") && "SKIPPED: no /proc",
}, async () => {
	const nowhere = "/proc/enrollee/nope";
	const device = [
		"--id-scope",
		"0ne",
		"--registration-id",
		"d",
		"--symmetric-key",
		Buffer.alloc(32, 7).toString("base64"),
	];
	for (const [args, code] of [
		[["demo", "--state", nowhere], "store.failed"],
		[["cloud", "--port", "0", "--state", nowhere], "store.failed"],
		[["cloud", "--port", "0", "--updates", nowhere], "store.failed"],
		[["run", ...device, "--state", nowhere], "store.failed"],
		[["run", ...device, "--state", join(temporaryFolder(), "s"), "--slots", nowhere], "ota.flash"],
		[["csr", "--registration-id", "d", "--state", nowhere], "store.failed"],
		[["factory", ...device, "--encrypt", nowhere], "config.invalid"],
		[["new", nowhere], "config.invalid"],
	] as const)
		assert.equal((await error(args)).code, code, args.join(" "));
});

test("a folder that cannot be looked at is not said to be none", async () => {
	const state = join(temporaryFolder({ file: "" }), "file", "below");
	for (const args of [["show"], ["reset", "--yes"]])
		assert.equal((await error([...args, "--state", state])).code, "store.failed", args[0]);
});

test("what is missing is said all at once, by the flags and their variables", async () => {
	const scope = String.raw`--id-scope \[ENROLLEE_ID_SCOPE\], --registration-id \[ENROLLEE_REGISTRATION_ID\]`;
	const key = String.raw`--symmetric-key \[ENROLLEE_SYMMETRIC_KEY\] or --onboarding-cert \[ENROLLEE_ONBOARDING_CERT\]`;
	const device = new RegExp(`${scope}, ${key}$`);
	for (const [args, said] of [
		[["run", "--state", join(temporaryFolder(), "none")], device],
		[["factory"], device],
		[["bundle", "key"], /--out; --pub/],
		[["bundle", "pack"], /--image; --sequence; --class; --uri; --out; --key/],
		[["bundle", "verify", "x"], /--pub; --image/],
		[[], /a command/],
	] as const) {
		const { code, message, exit } = await error(args);
		assert.deepEqual([code, exit], ["config.missing", 2], args.join(" "));
		assert.match(String(message), said);
	}
});

test("wrong usage has code and remedy for a person, too; values of the cloud and of the factory are named by flag", async () => {
	const { code, stderr } = await enrollee(["run", "--nonsense"]);
	assert.deepEqual(
		[code, stderr],
		[
			2,
			"enrollee: config.invalid: unknown option '--nonsense'\n" +
				"  enrollee --help shows the commands, enrollee COMMAND --help its flags.\n",
		],
	);
	const device = (await error(["cloud", "--port", "0", "--device-id", "a/b"])).message;
	assert.match(String(device), /^config\.invalid: --device-id: expected/);
	const { message } = await error(["factory", "--id-scope", "0ne", "--registration-id", "d", "--group-key", "?"]);
	assert.match(String(message), /^config\.invalid: --group-key: expected base64/);
});

test("a full disk behind standard output", { skip: !existsSync("/dev/full") && "SKIPPED: no /dev/full" }, async () => {
	const child = spawn(process.execPath, [...CLI, "config", "--json"], {
		stdio: ["ignore", openSync("/dev/full", "w"), "pipe"],
		env: { PATH: process.env.PATH },
	});
	let said = "";
	child.stderr!.on("data", (bytes) => {
		said += bytes;
	});
	assert.deepEqual(await once(child, "close"), [1, null]);
	assert.deepEqual([parse(said).code, parse(said).message], ["host.output", "host.output: the output: ENOSPC"]);
});

test("the state folder is beside enrollee.json, wherever below it one stands", async () => {
	const folder = temporaryFolder({ "enrollee.json": '{ "registrationId": "dev-f" }' });
	const cwd = temporaryFolder();
	assert.equal((await enrollee(["csr", "--registration-id", "d"], { cwd })).code, 0);
	assert.deepEqual(readdirSync(cwd), [".enrollee"]);
	mkdirSync(join(folder, "sub"));
	assert.equal((await enrollee(["csr"], { cwd: join(folder, "sub") })).code, 0);
	assert.deepEqual(readdirSync(join(folder, "sub")), []);
	assert.ok(readdirSync(folder).includes(".enrollee"));
});

/** Says which waits of a second and more have ended since the interrupt: no clock of the machine's decides. */
const WAITS = `let interrupted = false;
process.once("SIGINT", () => { interrupted = true; });
const real = globalThis.setTimeout;
globalThis.setTimeout = (callback, ms, ...given) => real((...args) => {
	if (interrupted && ms >= 1000) process.stderr.write(\`\${ms}\\n\`);
	callback(...args);
}, ms, ...given);`;

describe("an interrupt", () => {
	test("where the hub no longer answers: two seconds, then the rest is said to be unsent; no fault of its own", () =>
		withCloud({ polls: 0 }, async (cloud) => {
			const sockets: Socket[] = [];
			const way = createServer((near) => {
				const far = connect(cloud.port, "127.0.0.1");
				sockets.push(near, far);
				near.on("error", () => {}).pipe(far);
				far.on("error", () => {}).pipe(near);
			}).listen(0, "127.0.0.1");
			await once(way, "listening");
			const { port } = way.address() as { port: number };
			const flags = ["--dps", `localhost:${port}`, "--hub", `localhost:${port}`, "--id-scope", cloud.idScope];
			const device = ["--registration-id", cloud.registrationId, "--ca", cloud.rootCa, "--state", temporaryFolder()];
			const waits = join(temporaryFolder({ "waits.mjs": WAITS }), "waits.mjs");
			const environment = { ENROLLEE_SYMMETRIC_KEY: cloud.symmetricKey, NODE_OPTIONS: `--import ${waits}` };
			const child = start(["run", ...flags, ...device, "--interval", "0.1", "--json"], { environment });
			const lines: Record<string, unknown>[] = [];
			let rest = "";
			let waited = "";
			child.stderr.setEncoding("utf8").on("data", (text: string) => {
				waited += text;
			});
			child.stdout.setEncoding("utf8").on("data", (text: string) => {
				const parts = (rest + text).split("\n");
				rest = parts.pop()!;
				lines.push(...parts.map(parse));
			});
			try {
				await cloud.seen(({ event }) => event === "telemetry");
				for (const socket of sockets) socket.unpipe().pause();
				await new Promise((resolve) => setTimeout(resolve, 300)); // some messages more
				child.kill("SIGINT");
				assert.deepEqual(await once(child, "close"), [0, null]);
				const last = lines.at(-1)!;
				assert.equal(last.event, "telemetry.unsent");
				assert.ok(Number(last.messages) > 0);
				assert.ok(!lines.some(({ event }) => event === "fault"));
				// What a silent peer is waited for is 5 s more.
				assert.match(waited, /^1500\n2000\n/);
			} finally {
				child.kill("SIGKILL");
				for (const socket of sockets) socket.destroy();
				way.close();
			}
		}));
});
