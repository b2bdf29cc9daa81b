/** hw/moddable/partitions.mk in mcconfig's makefile: a partition table that an image cannot live with ends the build at once. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, test } from "node:test";
import { project, sdkEnvironment, skip } from "../../hw/simulator/harness.ts";
import { temporaryFolder } from "../support/openssl.ts";
import { configureForEsp32 } from "./esp32.ts";

const AGENT = "manifest.json";
const ours = readFileSync(join(project, "hw/moddable/partitions.csv"), "utf8");
const configure = (manifest: string, variables: NodeJS.ProcessEnv) =>
	configureForEsp32(join(project, manifest), "esp32", "esp32", variables);
const encrypted = join(project, "hw/moddable/sdkconfig-encrypted");

describe("the partition table", { skip }, () => {
	for (const [manifest, table, fault, variables = {}] of [
		[AGENT, "nvs,data,nvs,0x9000,0x6000\nfactory,app,factory,0x10000,1M", "nvs has 24576 bytes, expected 65536"],
		["examples/sensor/manifest.json", ours, "no room for apps, which need xs (0x40, 1) and stage (data)"],
		[
			AGENT,
			`${ours.replaceAll("0x1f0000", "0x100000")}factory,app,factory,0x310000,0x100000\n`,
			"factory (app, factory) is never updated, and started after all others: take it out",
		],
		[
			AGENT,
			ours.replace(/^nvs_keys.*\n/m, ""),
			"nvs_keys (data, nvs_keys) has 0 bytes, expected 4096 for NVS encryption",
			{ SDKCONFIGPATH: encrypted },
		],
	] as const)
		test(`one that ${manifest} cannot live with ends the build before anything is compiled: ${fault}`, () => {
			const PARTITIONS_FILE = join(temporaryFolder({ "p.csv": table }), "p.csv");
			const { output, folder } = configure(manifest, { PARTITIONS_FILE, ...variables });
			const [line, ...more] = output.match(/.*enrollee: .*/g) ?? [];
			assert.ok(line?.includes(`partitions.csv: ${fault}: take hw/moddable/partitions.csv`), output);
			assert.deepEqual(more, []);
			assert.ok(!existsSync(join(folder, "mc.xs.c")));
		});

	test("the keys' partition is asked for only where NVS is encrypted", () => {
		const PARTITIONS_FILE = join(temporaryFolder({ "p.csv": ours.replace(/^nvs_keys.*\n/m, "") }), "p.csv");
		assert.doesNotMatch(configure(AGENT, { PARTITIONS_FILE }).output, /enrollee: /);
		assert.doesNotMatch(configure(AGENT, { SDKCONFIGPATH: encrypted }).output, /enrollee: /);
	});

	test("where node cannot look at it nothing is compiled either", () => {
		const without = temporaryFolder();
		writeFileSync(join(without, "node"), "#!/bin/sh\nexit 127\n", { mode: 0o755 });
		const PATH = `${without}${delimiter}${sdkEnvironment().PATH}`;
		const { output, folder } = configure(AGENT, { PATH });
		assert.match(output, /enrollee: node did not look at the partition table/);
		assert.ok(!existsSync(join(folder, "mc.xs.c")));
	});

	test("no target of the SDK's brings one of its own", () => {
		const { partitions, output } = configureForEsp32(join(project, AGENT), "esp32/m5atom_s3", "esp32s3");
		assert.equal(partitions, ours);
		assert.doesNotMatch(output, /enrollee: /);
	});
});
