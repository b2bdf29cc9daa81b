/** The npm package in somebody else's Moddable app: one include, `import { Agent } from "enrollee"`, checked types. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { buildForXs, project, skip } from "../../hw/simulator/harness.ts";
import { environmentOf } from "../../hw/simulator/settings.ts";
import { enrollee } from "../support/command.ts";
import { withCloud } from "../support/device.ts";
import { configureForEsp32 } from "./esp32.ts";

const folder = join(project, "build/sim/package");
const app = join(folder, "app");

describe("the npm package in another Moddable app", { skip }, () => {
	before(() => {
		rmSync(folder, { recursive: true, force: true });
		const installed = join(app, "node_modules/enrollee");
		mkdirSync(installed, { recursive: true });
		const packed = execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], {
			cwd: project,
			encoding: "utf8",
			stdio: ["ignore", "pipe", "ignore"],
		});
		const [{ filename }] = JSON.parse(packed);
		execFileSync("tar", ["-xzmf", join(folder, filename), "-C", installed, "--strip-components=1"]);
		writeManifest(app, OURS);
	});

	const build = (body: string) => {
		writeFileSync(join(app, "main.ts"), `${IMPORT}\n${body}\n`);
		return buildForXs({ name: "package-app", manifest: join(app, "manifest.json") });
	};

	test("builds, and runs as far as its configuration allows", async () => {
		const run = await (await build(BODY)).run({ environment: { ENROLLEE_STATE: join(folder, "flash") } });
		assert.equal(run.exitCode, 0, run.output);
		assert.match(run.output, /^config\.missing$/m);
	});

	for (const [target, chip] of [
		["esp32", "esp32"],
		["esp32/esp32s3", "esp32s3"],
		["esp32/esp32c3", "esp32c3"],
		["esp32/esp32c6", "esp32c6"],
	] as const)
		test(`its image for ${target} is a safe one by the include alone: slots, NVS, rollback, no core dump`, () => {
			writeFileSync(join(app, "main.ts"), `${IMPORT}\n${BODY}\n`);
			const { sdkconfig, partitions } = configureForEsp32(join(app, "manifest.json"), target, chip);
			const given = readFileSync(join(project, "hw/moddable/partitions.csv"), "utf8");
			assert.deepEqual(linesOf(partitions), linesOf(given));
			assert.match(sdkconfig, /^CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y$/m);
			assert.match(sdkconfig, /^CONFIG_ESP_COREDUMP_ENABLE_TO_NONE=y$/m);
			assert.doesNotMatch(sdkconfig, /^CONFIG_ESP_COREDUMP_ENABLE_TO_UART=y$/m);
			assert.doesNotMatch(sdkconfig, /^CONFIG_BOOTLOADER_SKIP_VALIDATE_ALWAYS=y$/m);
		});

	test("what `enrollee new` makes has right types, builds for lin, enrols and sends", async () => {
		const made = join(folder, "my-sensor");
		await enrollee(["new", made]);
		cpSync(join(app, "node_modules"), join(made, "node_modules"), { recursive: true });
		symlinkSync(join(project, "node_modules/@moddable"), join(made, "node_modules/@moddable"));
		execFileSync(process.execPath, [join(project, "node_modules/typescript/bin/tsc"), "-p", made]);
		const built = await buildForXs({ name: "my-sensor", manifest: join(made, "manifest.json") });
		await withCloud({}, async (cloud) => {
			const environment = environmentOf(cloud, join(folder, "sensor-flash"));
			const { output } = await built.run({ environment, stopAt: /app\.reading/ });
			assert.match(output, /credential\.proven/);
			assert.match(Buffer.from(cloud.telemetry[0]!.body).toString(), /^\{"temperature":21\.5,"at":"20\d\d-.*Z"\}$/);
		});
	});

	test("a use that the types forbid does not build", async () => {
		await assert.rejects(build("new Agent({ config: 4 });"), /main\.ts.*error TS2\d+/);
	});

	test("with the SDK's TLS included before ours it does not link", async () => {
		const other = join(folder, "other");
		mkdirSync(other);
		const sdk = ["$(MODDABLE)/examples/manifest_base.json", "$(MODDABLE)/examples/io/tcp/tlssocket/manifest.json"];
		writeManifest(other, [...sdk, `../app/${OURS}`]);
		writeFileSync(join(other, "main.ts"), `${IMPORT}\n${BODY}\n`);
		await assert.rejects(
			buildForXs({ name: "package-other", manifest: join(other, "manifest.json") }),
			/module "\S+" not found/,
		);
	});
});

/** Without comments and blanks: what the IDF reads. */
const linesOf = (csv: string): string[] =>
	csv
		.split("\n")
		.map((line) => line.replace(/\s/g, ""))
		.filter((line) => line !== "" && !line.startsWith("#"));

const OURS = "./node_modules/enrollee/hw/moddable/manifest.json";

function writeManifest(path: string, include: string | readonly string[]): void {
	writeFileSync(join(path, "manifest.json"), JSON.stringify({ include, modules: { "*": "./main" } }));
}

const IMPORT = `import { Agent, createPorts, Fault, readConfig } from "enrollee";
import { exit } from "simulator";`;

const BODY = `
try {
	const agent: Agent = new Agent({ ...createPorts(), config: readConfig() });
	agent.telemetry({ temperature: 21.5 }, {}, (fault?: Fault) => trace(fault ? fault.code : "sent", "\\n"));
	exit(1);
} catch (thrown) {
	if (!(thrown instanceof Fault)) throw thrown;
	trace(thrown.code, "\\n");
	exit(0);
}`;
