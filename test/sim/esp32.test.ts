/**
 * The image for ESP32, as far as it can be made without ESP-IDF: the script links with all its preloads for each chip,
 * the partition table and sdkconfig are ours, and our C is sound C against stub headers.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { project, skip } from "../../hw/simulator/harness.ts";
import { numbersIn } from "../newcomer/documents.ts";
import { configureForEsp32, linkForEsp32 } from "./esp32.ts";

const TARGETS = [
	{ target: "esp32", chip: "esp32" },
	{ target: "esp32/esp32s3", chip: "esp32s3" },
	{ target: "esp32/esp32c3", chip: "esp32c3" },
	{ target: "esp32/esp32c6", chip: "esp32c6" },
];

/** The C of an image (engine with what applications may use, ESP-IDF without Wi-Fi): of one for the C3 of 1,750,912 bytes, test/board. */
const NATIVE_BYTES = 750_000;

/** Modules that stand in for the SDK's, and a word that only ours has. */
const REPLACED = {
	rng: "Uint8Array",
	"setup/network": "network: lost",
	"mc/config": "time.cloudflare.com",
	"ssl/cert": "tls.untrusted",
	"ssl/handshake": "CertificateRequest or ServerHelloDone",
	"ssl/session": "our turn",
	"embedded:io/socket/tcp/tls": "wire.closed",
};

const HEAD = `# Flash of the script on ESP32

The application's image (manifest.json, release build) as linked for each target, without ESP-IDF and the C of XS: bytes in
flash, none of them in RAM. Slots are counted at 16 bytes, names and texts with them. Made by test/sim/esp32.test.ts with ENROLLEE_BENCH=write.

| target | bytecode | texts | slots | BigInts | regular expressions | keys | total |
| --- | --- | --- | --- | --- | --- | --- | --- |`;

describe("the image for ESP32", { skip }, () => {
	const table = [HEAD];
	after(() => {
		if (process.env.ENROLLEE_BENCH === "write")
			writeFileSync(join(project, "bench/moddable-flash.md"), `${table.join("\n")}\n`);
	});

	for (const { target, chip } of TARGETS) {
		test(`${target}: the script links, with two equal slots and rollback`, (t) => {
			const { script, sdkconfig, partitions, flash, warnings, aliases, module } = linkForEsp32(
				join(project, "manifest.json"),
				target,
				chip,
			);
			t.diagnostic(`flash of the script on ${target}: ${JSON.stringify(flash)}`);
			const said =
				/some (\d+) warnings, each .* a table of one pointer each: (\d+) pointers, ([\d.]+) KB on a 32-bit chip/;
			const [warned, pointers, kilobytes] = numbersIn("hw/moddable/README.md", said) as [number, number, number];
			for (const [claimed, counted] of [
				[warned, warnings],
				[pointers, aliases],
				[kilobytes * 1024, aliases * 4],
			] as const)
				assert.ok(Math.abs(claimed / counted - 1) <= 0.05, `${claimed} is claimed, ${counted} was counted`);
			table.push(`| ${target} | ${Object.values(flash).join(" | ")} |`);
			for (const name of ["enrollee", "enrollee/agent", "enrollee/key", "ssl/handshake", "rng", "setup/network"])
				assert.match(script, new RegExp(`NULL, 0, NULL, 0, NULL, 0, "${name}"`), `${name} is not preloaded`);
			for (const [name, ours] of Object.entries(REPLACED))
				assert.ok(module(name).includes(ours), `${name} is the SDK's`);
			for (const name of ["enrollee/slot", "enrollee/ota", "setup/slot"])
				assert.match(script, new RegExp(`NULL, 0, NULL, 0, NULL, 0, "${name}"`), `${name} is not preloaded`);
			assert.deepEqual(unique(script.match(/\bxs_slot_\w+/g)), slotNatives(), "natives of slot.ts and slot.c differ");
			assert.equal(flash.regExps, 0, "a regular expression in ROM: see hw/moddable/xs-rom/regexp.js");
			assert.ok(flash.total > 100_000 && flash.total < 1_000_000, `${flash.total} bytes`);

			assert.match(sdkconfig, /^CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y$/m);
			assert.doesNotMatch(sdkconfig, /^CONFIG_BOOTLOADER_SKIP_VALIDATE_ALWAYS=y$/m);
			assert.doesNotMatch(sdkconfig, /^CONFIG_ESP_COREDUMP_ENABLE_TO_UART=y$/m);
			assert.match(sdkconfig, /^CONFIG_ESP_SYSTEM_PANIC_SILENT_REBOOT=y$/m);
			assert.doesNotMatch(sdkconfig, /^CONFIG_ESP_SYSTEM_PANIC_(PRINT_REBOOT|GDBSTUB)=y$/m);
			assert.match(sdkconfig, /^CONFIG_BOOTLOADER_WDT_DISABLE_IN_USER_CODE=y$/m);
			assert.match(script, /"xs_slot_awake"|\bxs_slot_awake\b/, "nothing would end the bootloader's watchdog");
			checkPartitions(readPartitions(partitions));
		});
	}

	test("examples/sensor: the script links with room for applications over the air, and nothing of the agent can be shadowed", (t) => {
		const { script, partitions, flash } = linkForEsp32(
			join(project, "examples/sensor/manifest.json"),
			"esp32",
			"esp32",
		);
		t.diagnostic(`flash of the script: ${JSON.stringify(flash)}`);
		const linked = [...script.matchAll(/"([^"]+)", \{ XS_MAJOR_VERSION/g)].map(([, name]) => name!);
		const loaded = linked.filter((name) => !script.includes(`NULL, 0, NULL, 0, NULL, 0, "${name}"`));
		assert.ok(loaded.includes("main"));
		// An archive may have modules in app/ only, so it cannot take the place of what is loaded at run time either.
		assert.deepEqual(
			linked.filter((name) => name.startsWith("app/")),
			[],
		);
		for (const name of ["enrollee/agent", "enrollee/app", "enrollee/apps", "enrollee/app-engine", "enrollee/store"])
			assert.ok(!loaded.includes(name), `${name} is not preloaded`);
		const natives = ["xs_app_code_sizes", "xs_app_has", "xs_app_map", "xs_app_taken", "xs_app_version"];
		assert.deepEqual(unique(script.match(/\bxs_app_\w+/g)), natives);
		const table = readPartitions(partitions);
		checkPartitions(table);
		const sizes = Object.fromEntries(table.map(({ name, bytes }) => [name, bytes]));
		assert.deepEqual([sizes.stage, sizes.xs], [0x40000, 0x20000]);
		assert.ok(flash.total + NATIVE_BYTES < sizes.ota_0!);
	});

	const native = join(project, "hw/moddable/native");
	const ofEngine = (name: string) => readFileSync(join(native, name), "utf8").includes("xsAll.h");
	// What includes the engine's own headers is compiled with them for the simulator.
	const sources = readdirSync(native).filter((name) => name.endsWith(".c") && !ofEngine(name));
	/** With what hw/moddable/sdkconfig says, or what another one does. */
	const compile = (source: string, sdkconfig: string, defined: readonly string[] = []) => {
		const configured = [...sdkconfig.matchAll(/^(CONFIG_\w+)=y$/gm)].map(([, name]) => `-D${name}=1`);
		const options = ["-fsyntax-only", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-DESP32=5"];
		const stubs = `-I${join(project, "test/sim/stubs")}`;
		const { status, stderr } = spawnSync("gcc", [...options, ...configured, ...defined, stubs, join(native, source)], {
			encoding: "utf8",
		});
		return { status, stderr };
	};
	const ours = (file: string) => readFileSync(join(project, "hw/moddable", file), "utf8");
	const configuration = (folder: string) => ours(`${folder}/sdkconfig.defaults`);
	const usual = configuration("sdkconfig");
	for (const source of sources)
		test(`${source} passes gcc -fsyntax-only for ESP32`, () => {
			const antiRollback = [
				"-DCONFIG_BOOTLOADER_APP_ANTI_ROLLBACK=1",
				"-DCONFIG_BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD=16",
			];
			for (const defined of [[], ["-DmxDebug=1"], ["-DCONFIG_NVS_ENCRYPTION=1"], antiRollback])
				for (const sdkconfig of [usual, configuration("sdkconfig-encrypted")])
					assert.deepEqual(compile(source, sdkconfig, defined), { status: 0, stderr: "" });
		});

	test("a target with an sdkconfig folder of its own is refused by the compiler, with the lines to add", () => {
		const { sdkconfig } = configureForEsp32(join(project, "manifest.json"), "esp32/lolin_c3pico", "esp32c3");
		const { status, stderr } = compile("slot.c", sdkconfig);
		assert.notEqual(status, 0);
		for (const line of [
			"BOOTLOADER_APP_ROLLBACK_ENABLE=y",
			"BOOTLOADER_WDT_ENABLE=y",
			"ESP_SYSTEM_PANIC_SILENT_REBOOT=y",
		])
			assert.match(stderr, new RegExp(`#error "enrollee: add CONFIG_${line}`));
		assert.deepEqual(compile("slot.c", `${sdkconfig}\n${usual}`), { status: 0, stderr: "" });
	});

	test("a partition table that sdkconfig names, past mcconfig, is refused by the compiler", () => {
		const named = (name: string) => compile("slot.c", usual, [`-DCONFIG_PARTITION_TABLE_CUSTOM_FILENAME="${name}"`]);
		assert.deepEqual(named("partitions.csv"), { status: 0, stderr: "" });
		assert.match(named("theirs.csv").stderr, /enrollee: name the table in PARTITIONS_FILE/);
	});

	for (const where of ["UART", "FLASH"])
		test(`core dumps, to ${where}, are refused by the compiler, but where a program is debugged`, () => {
			const dumps = `${usual}\nCONFIG_ESP_COREDUMP_ENABLE_TO_${where}=y`;
			assert.match(compile("slot.c", dumps).stderr, /#error "enrollee: add CONFIG_ESP_COREDUMP_ENABLE_TO_NONE=y/);
			assert.deepEqual(compile("slot.c", dumps, ["-DmxDebug=1"]), { status: 0, stderr: "" });
		});

	for (const line of usual.match(/^CONFIG_(BOOTLOADER_\w+|ESP_\w+SILENT_REBOOT|ESP_ERR\w+|PARTITION\w+)=y$/gm) ?? [])
		test(`without ${line} nothing is compiled`, () => {
			const { status, stderr } = compile("slot.c", usual.replace(line, ""));
			assert.notEqual(status, 0);
			assert.ok(stderr.includes(line), stderr);
		});
});

const unique = (names: readonly string[] | null): string[] => [...new Set(names)].sort();

/** The functions of slot.c that XS calls. */
function slotNatives(): string[] {
	const source = readFileSync(join(project, "hw/moddable/native/slot.c"), "utf8");
	return unique(source.match(/(?<=^void )xs_slot_\w+(?=\(xsMachine)/gm));
}

/** In order, aligned, within 4 MB; two equal slots, 64 KB of NVS, and what tells the slots apart. */
function checkPartitions(partitions: readonly Partition[]): void {
	let end = 0x9000;
	for (const { name, type, offset, bytes } of partitions) {
		assert.ok(offset >= end, `${name} overlaps`);
		assert.equal(offset % (type === "app" ? 0x10000 : 0x1000), 0, `${name} is not aligned`);
		end = offset + bytes;
	}
	assert.ok(end <= 4 * 1024 * 1024, "more than 4 MB");
	const sizes = Object.fromEntries(partitions.map(({ name, bytes }) => [name, bytes]));
	assert.equal(sizes.nvs, 64 * 1024);
	assert.equal(sizes.otadata, 0x2000);
	assert.ok(sizes.ota_0! > 1_800_000);
	assert.equal(sizes.ota_0, sizes.ota_1);
}

interface Partition {
	readonly name: string;
	readonly type: string;
	readonly offset: number;
	readonly bytes: number;
}

function readPartitions(csv: string): Partition[] {
	return csv
		.split("\n")
		.filter((line) => line.trim() !== "" && !line.startsWith("#"))
		.map((line) => line.split(",").map((field) => field.trim()))
		.map(([name, type, , offset, size]) => ({ name: name!, type: type!, offset: Number(offset), bytes: Number(size) }));
}
