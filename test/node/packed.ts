/** The npm package as somebody else gets it: packed from a clean checkout, installed into a project of theirs, type-checked there. */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { temporaryFolder } from "../support/openssl.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const LEFT_OUT = ["node_modules", "dist", "build", ".git", ".enrollee"];

/**
 * The path of the tarball. `npm pack` as a user runs it, with its scripts, in a copy without dist. What `npm test` has built
 * is not built a second time: there `npm run build` is to fetch it.
 */
export function pack(): string {
	const folder = temporaryFolder();
	const checkout = join(folder, "checkout");
	cpSync(ROOT, checkout, { recursive: true, filter: (path) => !LEFT_OUT.includes(basename(path)) });
	symlinkSync(join(ROOT, "node_modules"), join(checkout, "node_modules"));
	if (existsSync(join(ROOT, "dist/node/cloud.js")) && existsSync(join(ROOT, "dist/types"))) {
		const description = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8"));
		description.scripts.build = `cp -r "${join(ROOT, "dist")}" dist`;
		writeFileSync(join(checkout, "package.json"), JSON.stringify(description));
	}
	const flags = ["pack", "--json", "--pack-destination", folder];
	const [{ filename }] = JSON.parse(execFileSync("npm", flags, { cwd: checkout, encoding: "utf8", stdio: "pipe" }));
	return join(folder, filename);
}

/** Into a new project that has nothing else. */
export function install(tarball: string, project: string): void {
	mkdirSync(project);
	writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
	const flags = ["install", "--prefer-offline", "--no-audit", "--no-fund"];
	execFileSync("npm", [...flags, tarball], { cwd: project, stdio: "pipe" });
}

/** What TypeScript says of these files of the project, and makes them JavaScript: "" where they are right. */
export function compile(project: string, files: readonly string[], options: object = {}): string {
	const settings = { compilerOptions: { ...COMPILER, ...options }, files };
	writeFileSync(join(project, "tsconfig.json"), JSON.stringify(settings));
	const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
	return spawnSync(process.execPath, [compiler, "-p", project], { encoding: "utf8" }).stdout;
}

const COMPILER = {
	target: "es2023",
	module: "nodenext",
	moduleResolution: "nodenext",
	strict: true,
	exactOptionalPropertyTypes: true,
	noUncheckedIndexedAccess: true,
	skipLibCheck: false,
	noEmit: false,
};
