/** `enrollee cloud` as a process: its ready line, its usage, its end; and the documentation of its faults. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { FAULTS } from "../../cloud/faults.ts";
import { CLI } from "../support/command.ts";
import { temporaryFolder } from "../support/openssl.ts";
import { type Json, Probe } from "./cloud-probe.ts";

const ROOT = join(import.meta.dirname, "..", "..");

test("the first line says where and with what to connect; SIGTERM ends it with 0 and nothing left behind", async () => {
	const child = start(["--port", "0", "--json"]);
	const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
	const ready: Json = JSON.parse((await lines.next()).value);
	assert.equal(ready.event, "ready");
	for (const file of ["rootCa", "deviceCa", "onboardingCert"])
		assert.match(readFileSync(ready[file], "utf8"), /^-----BEGIN CERTIFICATE-----/, file);
	assert.match(readFileSync(ready.onboardingKey, "utf8"), /^-----BEGIN PRIVATE KEY-----/);
	for (const key of ["symmetricKey", "groupKey"]) assert.equal(Buffer.from(ready[key], "base64").length, 32, key);
	assert(ready.idScope.length <= 16 && ready.host.length > 0 && ready.port > 0);
	const probe = await Probe.dial(ready);
	assert.equal(await probe.connect({ username: "nobody", clientId: "nobody" }), 4);
	const refused: Json = JSON.parse((await lines.next()).value);
	assert.equal(refused.event, "refused");
	child.kill("SIGTERM");
	assert.equal(await exit(child), 0);
	assert(!existsSync(ready.rootCa));
});

test("a reader that goes away, as head -1 does, ends it with its next line: one Fault, no trace, nothing left behind", async () => {
	const child = start(["--port", "0", "--json"]);
	let said = "";
	child.stderr.on("data", (bytes) => {
		said += bytes;
	});
	const ready: Json = JSON.parse((await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()).value);
	child.stdout.destroy();
	const probe = await Probe.dial(ready);
	probe.connect({ username: "nobody", clientId: "nobody" }).catch(() => {});
	assert.equal(await exit(child), 1);
	assert.equal(JSON.parse(said).code, "host.output");
	assert(!existsSync(dirname(ready.rootCa)));
});

test("interrupted while it starts: exit 0, nothing left behind", async () => {
	const folder = temporaryFolder();
	const child = start(["--port", "0"], { TMPDIR: folder });
	const clouds = () => readdirSync(folder).filter((name) => name.startsWith("enrollee-cloud-"));
	while (clouds().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
	child.kill("SIGINT");
	assert.equal(await exit(child), 0);
	assert.deepEqual(clouds(), []);
});

test("wrong usage ends with 2", async () => {
	for (const flags of [["--fault", "no-such"], ["--port", "65536"], ["--polls", "x"], ["--nonsense"]])
		assert.equal(await exit(start(flags)), 2, flags.join(" "));
});

test("--help and README list every fault", async () => {
	const child = start(["--help"]);
	let help = "";
	child.stdout.on("data", (bytes) => {
		help += bytes;
	});
	assert.equal(await exit(child), 0);
	const readme = readFileSync(join(ROOT, "cloud", "README.md"), "utf8");
	for (const [name, effect] of Object.entries(FAULTS)) {
		assert(help.includes(`  ${name} `), name);
		assert(readme.includes(`- \`${name}\`: ${effect}\n`), name);
	}
});

function start(flags: readonly string[], environment = {}) {
	const command = [...CLI, "cloud", ...flags];
	const env = { ...process.env, ...environment };
	return spawn(process.execPath, command, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
}

function exit(child: ReturnType<typeof start>): Promise<number | null> {
	return new Promise((resolve) => child.once("close", resolve));
}
