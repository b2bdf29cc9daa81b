/**
 * Our C for each chip, compiled against the true headers of ESP-IDF with every warning an error, as mcconfig would have it
 * compiled; the sdkconfig that mcconfig merged is made into its header by ESP-IDF's own Kconfig. For the Xtensa chips by
 * Debian's `gcc-xtensa-lx106` (with `picolibc-xtensa-lx106-elf`), down to assembly, where Espressif's compiler is missing.
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { findTools, type Tools } from "../../hw/emulator/tools.ts";
import { moddable, project } from "../../hw/simulator/harness.ts";
import { type Image, linkForEsp32 } from "../sim/esp32.ts";
import { temporaryFolder } from "../support/openssl.ts";

const STAND_IN = "xtensa-lx106-elf-gcc";
const TARGETS = [
	{ target: "esp32", chip: "esp32" },
	{ target: "esp32/wt32_eth01", chip: "esp32" },
	{ target: "esp32/ethernet_kit", chip: "esp32" },
	{ target: "esp32/esp32s3", chip: "esp32s3" },
	{ target: "esp32/esp32c3", chip: "esp32c3" },
	{ target: "esp32/esp32c6", chip: "esp32c6" },
	{ target: "esp32/esp32c3", chip: "esp32c3", app: "test/sim/w5500" },
];

const tools = findTools();
const native = join(project, "hw/moddable/native");
const sources = readdirSync(native)
	.filter((name) => name.endsWith(".c"))
	.map((name) => join(native, name));
const driver = join(project, "hw/moddable/network/w5500/w5500.c");

describe("our C against ESP-IDF v6.0", { skip: typeof tools === "string" && `SKIPPED: ${tools}` }, () => {
	for (const { target, chip, app = "." } of TARGETS)
		test(`${target}${app === "." ? "" : ` with ${app}`}`, (t) => {
			assert.ok(typeof tools !== "string");
			const image = linkForEsp32(join(project, app, "manifest.json"), target, chip);
			const header = configure(tools, image.sdkconfig, chip);
			const command = image.compiles("slot.c.o", tools.idf).split(/\s+/);
			const compiler = [command[0]!, STAND_IN].find((name) => runs(name, tools));
			if (compiler === undefined || (compiler === STAND_IN && !command[0]!.startsWith("xtensa-")))
				return t.skip(`SKIPPED: no ${command[0]}`);
			t.diagnostic(compiler);
			const flags = strict(command);
			const compile = (source: string) => {
				const options = [...flags, "-include", header, `-I${join(project, "test/sim/w5500")}`];
				const { status, stderr } = spawnSync(compiler, [...options, "-S", source, "-o", "/dev/null"], {
					env: tools.environment,
					encoding: "utf8",
				});
				return { status, stderr };
			};
			for (const source of app === "." ? sources : [driver])
				assert.deepEqual(compile(source), { status: 0, stderr: "" }, source);
			checkWired(image, readFileSync(header, "utf8"), target);
		});
});

/** What the SDK's sdkconfig for a board with Ethernet asks for is there, although ours takes its place. */
function checkWired(image: Image, header: string, target: string): void {
	const folder = join(moddable!, "build/devices/esp32/targets", target.split("/")[1] ?? "", "sdkconfig");
	if (!image.file("mc.defines.h").includes("ETHERNET_INTERNAL_PHY_ADDRESS")) return;
	const lines = readFileSync(join(folder, "sdkconfig.defaults"), "utf8").match(/^CONFIG_.*$/gm) ?? [];
	assert.ok(lines.length > 0);
	for (const line of lines) {
		const [name, value] = line.split("=");
		assert.match(header, new RegExp(`^#define ${name} ${value === "y" ? "1" : value}$`, "m"));
	}
}

/** The header that ESP-IDF's configuration makes of an sdkconfig.defaults. */
function configure({ idf, environment }: Tools, defaults: string, chip: string): string {
	const sourced = (name: string): string =>
		readdirSync(join(idf, "components"))
			.map((component) => join(idf, "components", component, name))
			.filter((path) => existsSync(path))
			.map((path) => `source "${path}"\n`)
			.join("");
	const folder = temporaryFolder({
		"sdkconfig.defaults": defaults,
		"kconfigs.in": sourced("Kconfig"),
		"kconfigs_projbuild.in": sourced("Kconfig.projbuild"),
	});
	const file = (name: string): string => join(folder, name);
	const variables = {
		IDF_TARGET: chip,
		IDF_TOOLCHAIN: "gcc",
		IDF_VERSION: "6.0.0",
		IDF_ENV_FPGA: "",
		IDF_PATH: idf,
		COMPONENT_KCONFIGS_SOURCE_FILE: file("kconfigs.in"),
		COMPONENT_KCONFIGS_PROJBUILD_SOURCE_FILE: file("kconfigs_projbuild.in"),
		COMPONENT_SDKCONFIG_RENAMES: "",
	};
	writeFileSync(file("env.json"), JSON.stringify(variables));
	const kconfig = ["--kconfig", join(idf, "Kconfig"), "--env-file", file("env.json")];
	const made = ["--output", "header", file("sdkconfig.h"), "--config", file("sdkconfig")];
	const given = ["--defaults", file("sdkconfig.defaults"), "--sdkconfig-rename", join(idf, "sdkconfig.rename")];
	const options = { env: environment, stdio: "pipe" } as const;
	execFileSync("python", ["-m", "kconfgen", "--list-separator=semicolon", ...kconfig, ...given, ...made], options);
	return file("sdkconfig.h");
}

/** Every warning is an error in what is ours; the SDK's and ESP-IDF's headers are the system's. */
function strict(command: readonly string[]): string[] {
	const kept = command
		.slice(1)
		.filter((flag, at, flags) => !/^-Wno-|^-M|^-[co]$|\.c$/.test(flag) && flags[at - 1] !== "-o")
		.flatMap((flag) => (flag.startsWith("-Wp,") ? flag.slice(4).split(",") : [flag]))
		.flatMap((flag) =>
			flag.startsWith("-I") && !flag.startsWith(`-I${project}`) ? ["-isystem", flag.slice(2)] : [flag],
		);
	return [...kept, "-Wall", "-Wextra", "-Werror"];
}

const runs = (compiler: string, { environment }: Tools): boolean =>
	spawnSync(compiler, ["--version"], { env: environment }).status === 0;
