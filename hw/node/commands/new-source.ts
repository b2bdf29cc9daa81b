/** Where an application's npm gets enrollee: from where this one came, so that what is made builds with what made it. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { VERSION } from "../../../src/release.ts";

/** For `dependencies`: a `file:` path from the folder to a tarball or a checkout, else the version. */
export function sourceFor(folder: string, code = fileURLToPath(import.meta.url)): string {
	const root = packageOf(code);
	if (root === undefined) return VERSION;
	const modules = dirname(root);
	if (basename(modules) !== "node_modules") return fileFrom(folder, root);
	const { dependencies = {}, devDependencies = {} } = read(join(dirname(modules), "package.json"));
	const spec = { ...devDependencies, ...dependencies }.enrollee;
	if (!spec?.startsWith("file:")) return VERSION;
	return fileFrom(folder, resolve(dirname(modules), spec.slice("file:".length)));
}

/** The folder above that has the package.json of enrollee. */
function packageOf(code: string): string | undefined {
	for (let at = dirname(code); dirname(at) !== at; at = dirname(at)) {
		const path = join(at, "package.json");
		if (existsSync(path)) return read(path).name === "enrollee" ? at : undefined;
	}
	return undefined;
}

const fileFrom = (folder: string, target: string): string => `file:${relative(resolve(folder), target)}`;

interface Package {
	readonly name?: string;
	readonly dependencies?: Readonly<Record<string, string>>;
	readonly devDependencies?: Readonly<Record<string, string>>;
}

/** {} where there is none that can be read. */
function read(path: string): Package {
	try {
		return JSON.parse(readFileSync(path, "utf8")) as Package;
	} catch {
		return {};
	}
}
