/**
 * What an emulated board needs, as it is installed on this machine: the Moddable SDK, ESP-IDF v6.0 at IDF_PATH, and, on the PATH
 * that its export.sh makes, a RISC-V compiler and Espressif's QEMU. `docs/board.md` says where each comes from.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { moddable, noModdable, sdkEnvironment } from "../simulator/harness.ts";

export const QEMU = "qemu-system-riscv32";
export const MACHINE = "esp32c3";
const COMPILER = "riscv32-esp-elf-gcc";

export interface Tools {
	/** ESP-IDF's folder. */
	readonly idf: string;
	/** The environment that its export.sh makes. */
	readonly environment: NodeJS.ProcessEnv;
}

/** The tools, or one line that says what is missing. */
export function findTools(): Tools | string {
	if (moddable === undefined) return noModdable;
	const idf = process.env.IDF_PATH;
	if (!idf) return "no ESP-IDF v6.0: set IDF_PATH, see docs/board.md";
	if (!existsSync(join(idf, "export.sh"))) return `no ESP-IDF v6.0 at IDF_PATH=${idf}, see docs/board.md`;
	let environment: NodeJS.ProcessEnv;
	try {
		environment = exported(idf);
	} catch (thrown) {
		const { stderr = "", message } = thrown as { readonly stderr?: string; readonly message: string };
		const lines = stderr.trim().split("\n");
		// Behind its errors it says how to see more of them.
		return `ESP-IDF's export.sh: ${(lines.find((line) => line.startsWith("ERROR: ")) ?? lines.at(-1)) || message}`;
	}
	const version = environment.ESP_IDF_VERSION!;
	if (!/^6\.0(\.|$)/.test(version)) return `ESP-IDF ${version} at IDF_PATH=${idf} is not v6.0, see docs/board.md`;
	for (const tool of ["cmake", "ninja"])
		if (!runs(tool, ["--version"], environment)) return `no ${tool} on ESP-IDF's PATH, see docs/board.md`;
	if (!runs(COMPILER, ["--version"], environment)) return `no ${COMPILER} on ESP-IDF's PATH, see docs/board.md`;
	const machines = runs(QEMU, ["-M", "help"], environment);
	if (!machines) return `no ${QEMU} on ESP-IDF's PATH, see docs/board.md`;
	if (!machines.includes(`\n${MACHINE} `))
		return `${QEMU} has no machine ${MACHINE}: it is not Espressif's, see docs/board.md`;
	return { idf, environment };
}

/** bash, for which export.sh is written; what it prints goes to standard error. Where it fails it says so, yet ends with 0. */
function exported(idf: string): NodeJS.ProcessEnv {
	const script = 'unset ESP_IDF_VERSION; . "$IDF_PATH/export.sh" >&2 && [ -n "$ESP_IDF_VERSION" ] && env -0';
	const env = { ...sdkEnvironment(), IDF_PATH: idf };
	const variables = execFileSync("bash", ["-c", script], { env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
	return Object.fromEntries(
		variables
			.split("\0")
			.filter((line) => line.includes("="))
			.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
	);
}

/** What it prints; false where it does not run. */
function runs(command: string, options: readonly string[], env: NodeJS.ProcessEnv): string | false {
	const { status, stdout } = spawnSync(command, options, { env, encoding: "utf8" });
	return status === 0 && stdout;
}
