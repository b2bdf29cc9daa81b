/** The Moddable SDK's tools, where it is installed: xsc compiles a module to bytecode, xsl links modules to an archive. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { APP_MAIN } from "../../../src/application/archive.ts";
import { Fault } from "../../../src/fault.ts";

export interface XsTools {
	readonly xsc: string;
	readonly xsl: string;
}

/** In $MODDABLE when it is set, else in ~/.local/share/moddable. Throws Fault config.missing. */
export function findXsTools(
	moddable = process.env.MODDABLE || join(homedir(), ".local", "share", "moddable"),
): XsTools {
	const folder = join(moddable, "build", "bin", HOSTS[process.platform] ?? "lin", "release");
	const [xsc = "", xsl = ""] = ["xsc", "xsl"].map((name) =>
		join(folder, process.platform === "win32" ? `${name}.exe` : name),
	);
	if (existsSync(xsc) && existsSync(xsl)) return { xsc, xsl };
	throw new Fault(
		"config.missing",
		`the Moddable SDK: no xsc and xsl in ${folder}; install it as its Getting Started says ` +
			"(https://github.com/Moddable-OpenSource/moddable), then set MODDABLE to its folder",
	);
}

/** An archive whose only module is app/main. The same code and name give the same bytes. Throws Fault config.invalid. */
export function linkArchive({ xsc, xsl }: XsTools, code: string, name: string): Uint8Array {
	const folder = mkdtempSync(join(tmpdir(), "enrollee-app-"));
	try {
		const [place = "", module = ""] = APP_MAIN.split("/");
		mkdirSync(join(folder, place));
		writeFileSync(join(folder, "app.js"), code);
		run(folder, xsc, "-e", "-o", place, "-r", module, "app.js");
		run(folder, xsl, "-a", "-b", ".", "-o", ".", "-n", name, "-r", "app", `${APP_MAIN}.xsb`);
		return new Uint8Array(readFileSync(join(folder, "app.xsa")));
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

const HOSTS: Readonly<Record<string, string>> = { linux: "lin", darwin: "mac", win32: "win" };

function run(folder: string, tool: string, ...options: readonly string[]): void {
	const { status, error, stderr } = spawnSync(tool, options, { cwd: folder, encoding: "utf8" });
	if (status === 0) return;
	const complaint = (error?.message ?? stderr).replaceAll(`${folder}/`, "").trim();
	throw new Fault("config.invalid", `${tool} ${options.join(" ")}: ${complaint || `ended with ${status}`}`);
}
