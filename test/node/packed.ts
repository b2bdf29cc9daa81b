/** The npm package as somebody else gets it: packed from a clean checkout, installed into a project of theirs, type-checked there. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import ts from "typescript";
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
	const { options: settings, errors } = ts.convertCompilerOptionsFromJson({ ...COMPILER, ...options }, project);
	const host = ts.createCompilerHost(settings);
	host.getCurrentDirectory = () => project;
	const read = host.getSourceFile;
	host.getSourceFile = (name, how, ...rest) => {
		if (!name.includes("/node_modules/")) return read(name, how, ...rest);
		const key = JSON.stringify([name, how]);
		if (!declarations.has(key)) declarations.set(key, read(name, how, ...rest));
		return declarations.get(key);
	};
	const program = ts.createProgram(
		files.map((file) => join(project, file)),
		settings,
		host,
	);
	const found = [...errors, ...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics];
	return ts.formatDiagnostics(found, host);
}

/** Of packages, and the language's own: read once for all programs. */
const declarations = new Map<string, ts.SourceFile | undefined>();

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
