/** The command line as a user and as a program meet it: one shape of output, each failure with code and remedy, nothing lost. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { COMMANDS } from "../../hw/node/commands.ts";
import { VERSION } from "../../src/release.ts";
import { type Ended, enrollee, start } from "../support/command.ts";
import { temporaryFolder } from "../support/openssl.ts";

const KEY = Buffer.alloc(32, 7).toString("base64");

const lines = (text: string) =>
	text
		.split("\n")
		.filter((line) => line !== "")
		.map((line) => JSON.parse(line));

function assertOneError(run: Ended, exit: number, code: string): string {
	assert.equal(run.code, exit, run.stderr);
	const errors = lines(run.stderr);
	assert.deepEqual([errors.length, errors[0].event, errors[0].code], [1, "error", code], run.stderr);
	assert.ok(errors[0].remedy.length > 0);
	return errors[0].message;
}

test("--version; --help names every command, and each takes --json", async () => {
	assert.equal((await enrollee(["--version"])).stdout, `${VERSION}\n`);
	const help = (await enrollee(["--help"])).stdout;
	const { words } = JSON.parse((await enrollee(["completion", "bash", "--json"])).stdout);
	for (const name of Object.keys(COMMANDS)) {
		assert.match(help, new RegExp(`^ {2}${name} `, "m"));
		assert.ok(words[name].includes("--json"), name);
	}
});

test("--json: help and version are objects, too; a name of several commands wants one of them", async () => {
	assert.deepEqual(lines((await enrollee(["--version", "--json"])).stdout), [{ event: "version", version: VERSION }]);
	for (const args of [["--help"], ["cloud", "--help"], ["bundle", "key", "--help"]]) {
		const [{ event, text }, ...more] = lines((await enrollee([...args, "--json"])).stdout);
		assert.deepEqual([event, more], ["help", []]);
		assert.match(text, /^Usage: enrollee/);
	}
	for (const args of [[], ["bundle"]]) assertOneError(await enrollee([...args, "--json"]), 2, "config.missing");
});

test("wrong usage with --json is one object, exit 2", async () => {
	assertOneError(await enrollee(["run", "--json", "--nonsense"]), 2, "config.invalid");
	const environment = { ENROLLEE_REGISTRATION_ID: "bad id", ENROLLEE_ID_SCOPE: "0ne", ENROLLEE_SYMMETRIC_KEY: KEY };
	const said = assertOneError(await enrollee(["run", "--json"], { environment }), 2, "x509.registration-id");
	assert.match(said, /ENROLLEE_REGISTRATION_ID/);
	const both = assertOneError(await enrollee(["run", "--json"]), 2, "config.missing");
	assert.match(both, /--id-scope \[ENROLLEE_ID_SCOPE\], --registration-id \[ENROLLEE_REGISTRATION_ID\]/);
});

test("a key that was given by mistake as something else is not repeated, whatever is wrong with it", async () => {
	const key = `${"Ab3+".repeat(10)}xYz=`;
	const run = ["run", "--id-scope", "0ne", "--registration-id", "d", "--once"];
	const lines = [
		[...run, "--transport", key],
		[...run, "--key", key],
		[...run, "--ca", key],
		[...run, "--hub", key],
		[...run, key],
		[...run, `--symetric-key=${key}`],
		["run", "--id-scope", key, "--registration-id", "d"],
		["run", "--id-scope", "0ne", "--registration-id", key],
		["show", "--state", key],
		["csr", "--registration-id", "d", "--out", `${key}/x`],
		["bundle", "pack", key, "--version", key],
		["cloud", "--port", key],
		["config", "--id-scope", key],
		[key],
	];
	const cwd = temporaryFolder();
	for (const words of lines)
		for (const more of ["--json", "--verbose"]) {
			const { stdout, stderr } = await enrollee([...words, more], { cwd });
			assert.ok(!`${stdout}${stderr}`.includes(key.slice(4)), `${words.join(" ")}: ${stdout}${stderr}`);
			assert.ok(`${stdout}${stderr}` !== "", words.join(" "));
		}
});

test("enrollee.json: found from below, weaker than variable and flag; unknown names refused; secrets masked", async () => {
	const folder = temporaryFolder({
		"enrollee.json": JSON.stringify({
			idScope: "0neFILE",
			registrationId: "dev-f",
			symmetricKey: "c2VjcmV0",
			renewAt: 0.5,
		}),
	});
	const environment = { ENROLLEE_ID_SCOPE: "0neENV" };
	const run = await enrollee(["config", "--json", "--registration-id", "dev-flag"], { cwd: folder, environment });
	const { settings } = JSON.parse(run.stdout) as { settings: { name: string; value: string; source: string }[] };
	const of = (name: string) => settings.find((it) => it.name === name)!;
	assert.deepEqual([of("idScope").value, of("idScope").source], ["0neENV", "ENROLLEE_ID_SCOPE"]);
	assert.deepEqual([of("registrationId").value, of("registrationId").source], ["dev-flag", "--registration-id"]);
	assert.match(of("renewAt").source, /enrollee\.json: renewAt$/);
	assert.equal(of("dialect").source, "default");
	assert.ok(!run.stdout.includes("c2VjcmV0"));
	writeFileSync(join(folder, "enrollee.json"), '{ "idscope": "0ne" }');
	const wrong = assertOneError(await enrollee(["config", "--json"], { cwd: folder }), 2, "config.invalid");
	assert.match(wrong, /idscope is no setting; did you mean idScope\?/);
});

test("a port in use, a file where a folder should be: code and remedy, no trace", async () => {
	const server = createServer().listen(0, "127.0.0.1");
	await new Promise((resolve) => server.once("listening", resolve));
	const { port } = server.address() as { port: number };
	for (const flag of ["--port", "--api-port"]) {
		const other = flag === "--port" ? [] : ["--port", "0"];
		const run = await enrollee(["cloud", flag, String(port), ...other, "--json"]);
		assert.match(assertOneError(run, 1, "host.port"), new RegExp(`${port}: something listens`));
	}
	server.close();
	const file = join(temporaryFolder({ file: "" }), "file");
	assertOneError(await enrollee(["cloud", "--port", "0", "--state", file, "--json"]), 1, "store.failed");
	const flags = ["--id-scope", "0ne", "--registration-id", "d", "--state", file, "--json", "--symmetric-key", KEY];
	assertOneError(await enrollee(["run", ...flags]), 1, "store.failed");
});

test("new: a typed application in an empty folder only", async () => {
	const folder = join(temporaryFolder(), "sensor");
	assert.equal((await enrollee(["new", folder])).code, 0);
	const made = ["package.json", "manifest.json", "tsconfig.json", ".gitignore", "main.ts", "README.md"];
	assert.deepEqual(readdirSync(folder).sort(), [...made].sort());
	assertOneError(await enrollee(["new", folder, "--json"]), 2, "config.foreign");
	const { dependencies } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
	assert.equal(resolve(folder, dependencies.enrollee.slice("file:".length)), resolve(import.meta.dirname, "../.."));
	const spaced = join(temporaryFolder(), "my sensors", "one");
	assert.match(assertOneError(await enrollee(["new", spaced, "--json"]), 2, "config.invalid"), /no path with a space/);
	assert.ok(!existsSync(join(spaced, "..")));
});

describe("with a cloud", () => {
	let cloud: Cloud;
	const state = join(temporaryFolder(), "state");
	const flags = (folder = state): string[] => [
		...["--state", folder, "--dps", `${cloud.host}:${cloud.port}`, "--id-scope", cloud.idScope],
		...["--registration-id", cloud.registrationId, "--ca", cloud.rootCa, "--json"],
	];
	const environment = () => ({ ENROLLEE_SYMMETRIC_KEY: cloud.symmetricKey });
	before(async () => {
		cloud = await startCloud({ polls: 0 });
	});
	after(() => cloud.close());

	test("--telemetry -: a message for each line; a bad line is named, the rest arrives, exit 1", async () => {
		const most = 200;
		const input = `${Array.from({ length: most }, (_, at) => `{"n":${at}}`).join("\n")}\nnonsense\n`;
		const run = await enrollee(["run", ...flags(), "--telemetry", "-"], { environment: environment(), input });
		assert.match(assertOneError(run, 1, "hub.invalid"), /line 201/);
		assert.ok(lines(run.stdout).every(({ event, time }) => event && (!time || Date.parse(time) > 0)));
		const numbers = cloud.telemetry.map(({ body }) => JSON.parse(Buffer.from(body).toString()).n);
		assert.deepEqual(
			numbers,
			Array.from({ length: most }, (_, at) => at),
		);
	});

	test("renew: a new certificate, proven", async () => {
		const run = await enrollee(["renew", ...flags()], { environment: environment() });
		assert.equal(run.code, 0, run.stderr);
		assert.equal(lines(run.stdout).at(-1).sequence, 2);
	});

	test("a stored identity that is not the configured one is refused, and set aside by --re-enrol", async () => {
		const other = flags().map((value) => (value === cloud.idScope ? "0neOTHER" : value));
		const said = assertOneError(await enrollee(["run", "--once", ...other]), 2, "config.other-identity");
		assert.ok(said.includes("0neOTHER") && said.includes(cloud.idScope), said);
		const again = await enrollee(["run", "--once", "--re-enrol", ...flags()], { environment: environment() });
		assert.equal(again.code, 0, again.stderr);
		const aside = readdirSync(state).find((name) => name.startsWith("before-"))!;
		assert.ok(existsSync(join(state, aside, "cred.current")));
	});

	test("doctor: every examination has its line; the way to the service is good, without the anchor not", async () => {
		const run = await enrollee(["doctor", ...flags()], { environment: environment() });
		const findings = lines(run.stdout);
		const states = new Map(findings.map(({ name, state }) => [name, state]));
		for (const name of ["versions", "settings", "identity", "dns", `port ${cloud.port}`, "anchors", "tls"])
			assert.equal(states.get(name), "good", `${name}: ${run.stdout}`);
		assert.ok(findings.every(({ state, remedy }) => state === "good" || remedy));
		const untrusted = flags().filter((flag) => flag !== "--ca" && flag !== cloud.rootCa);
		const doubtful = await enrollee(["doctor", ...untrusted]);
		assert.match(assertOneError(doubtful, 1, "host.unfit"), /unfit: tls/);
		assert.equal(lines(doubtful.stdout).find(({ name }) => name === "tls").state, "bad");
	});

	test("--interval, and an interrupt that lets what is queued leave: exit 0", async () => {
		const child = start(["run", ...flags(), "--interval", "0.2"], { environment: environment() });
		const since = cloud.telemetry.length;
		let text = "";
		child.stdout.on("data", (bytes) => {
			text += bytes;
		});
		while (cloud.telemetry.length < since + 2)
			await cloud
				.seen(({ event, time }) => event === "telemetry" && time > 0)
				.then(() => new Promise((resolve) => setTimeout(resolve, 50)));
		child.kill("SIGINT");
		assert.equal(await new Promise((resolve) => child.on("close", resolve)), 0);
		assert.ok(!text.includes("telemetry.unsent"));
	});

	test("a reader that goes away ends the command, with a Fault and no trace", async () => {
		const child = start(["run", ...flags(), "--interval", "0.1"], { environment: environment() });
		let said = "";
		child.stderr.on("data", (bytes) => {
			said += bytes;
		});
		child.stdout.once("data", () => child.stdout.destroy());
		assert.equal(await new Promise((resolve) => child.on("exit", resolve)), 1);
		assert.equal(JSON.parse(said).code, "host.output");
		// In order: such a start counts as one that lasted.
		assert.ok(!existsSync(join(state, "unstable")));
	});

	test("reset: asks, so without a terminal wants --yes; then the identity is gone and nothing else", async () => {
		writeFileSync(join(state, "notes.txt"), "mine");
		assertOneError(await enrollee(["reset", "--state", state, "--json"]), 2, "config.missing");
		assert.equal((await enrollee(["reset", "--state", state, "--yes"])).code, 0);
		assert.deepEqual(
			readdirSync(state).filter((name) => !name.startsWith("before-")),
			["notes.txt"],
		);
	});
});
