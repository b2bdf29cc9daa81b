/**
 * `enrollee.json`: settings by the flags' names (`idScope`, `registrationId`, ...), in the working folder or the nearest folder
 * above it. Weaker than variables and flags. Paths in it begin at its own folder.
 *
 * It decides whom the device trusts, so one that somebody else could have written is refused.
 */
import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { Fault } from "../../src/fault.ts";

export interface ConfigFile {
	readonly path: string;
	readonly folder: string;
	readonly values: Readonly<Record<string, string | boolean>>;
}

const NAME = "enrollee.json";

/** Undefined where there is none. Throws Fault config.invalid. */
export function findConfigFile(from = process.cwd()): ConfigFile | undefined {
	for (let folder = from; ; folder = dirname(folder)) {
		const path = join(folder, NAME);
		const stat = statSync(path, { throwIfNoEntry: false });
		if (stat !== undefined) {
			const uid = process.getuid?.();
			if (uid !== undefined && ((stat.uid !== uid && stat.uid !== 0) || (stat.mode & 0o022) !== 0))
				throw new Fault("config.invalid", `${path}: others can write it: make it yours, mode 0644 or 0600`);
			return { path, folder, values: parse(path) };
		}
		if (dirname(folder) === folder) return undefined;
	}
}

function parse(path: string): Record<string, string | boolean> {
	let value: unknown;
	try {
		value = JSON.parse(readFileSync(path, "utf8"));
	} catch (cause) {
		throw new Fault("config.invalid", `${path}: cannot be read, or is no JSON`, { cause });
	}
	if (typeof value !== "object" || value === null || Array.isArray(value))
		throw new Fault("config.invalid", `${path}: expected an object of settings`);
	return Object.fromEntries(Object.entries(value).map(([name, given]) => [name, asText(given, `${path}: ${name}`)]));
}

/** As the flag would have it: objects, for `payload` and `telemetry`, as JSON. */
function asText(given: unknown, where: string): string | boolean {
	if (typeof given === "string" || typeof given === "boolean") return given;
	if (typeof given === "number") return String(given);
	if (typeof given === "object" && given !== null) return JSON.stringify(given);
	throw new Fault("config.invalid", `${where}: expected a text, a number, true, false or an object`);
}
