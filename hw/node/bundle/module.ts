/**
 * An app's source, rolled up by rollup into the one module that an archive holds, and checked by TypeScript.
 *
 * Refused: imports of anything but the app's own files, since an app gets everything from its device argument; no default
 * export; type errors; texts of 64 KB, at which xsl crashes.
 */
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import type { OutputChunk, Plugin } from "rollup";
import type ts from "typescript";
import { Fault } from "../../../src/fault.ts";
import { projectRoot } from "./project.ts";

export interface Toolchain {
	readonly rollup: typeof import("rollup").rollup;
	readonly ts: typeof ts;
}

export interface AppModule {
	readonly code: string;
	/** Its own files. */
	readonly files: readonly string[];
	/** What rollup found odd. */
	readonly warnings: readonly string[];
}

/** The file with the default export. Throws Fault config.missing. */
export function findEntry(folder: string): string {
	const entry = ["app.ts", "app.js"].map((name) => join(folder, name)).find(existsSync);
	if (entry === undefined) throw new Fault("config.missing", `${join(folder, "app.ts")} with the app's default export`);
	return entry;
}

/** Both are big and needed for nothing else, so they are loaded when asked for. Throws Fault config.missing. */
export async function loadToolchain(): Promise<Toolchain> {
	try {
		const [{ rollup }, { default: ts }] = await Promise.all([import("rollup"), import("typescript")]);
		return { rollup, ts };
	} catch (thrown) {
		throw new Fault("config.missing", "rollup and typescript: npm install --save-dev rollup typescript", {
			cause: thrown,
		});
	}
}

/** Throws Fault config.invalid. */
export async function rollUp({ rollup, ts }: Toolchain, entry: string): Promise<AppModule> {
	const problems: ts.Diagnostic[] = [];
	const warnings: string[] = [];
	let chunk: OutputChunk;
	try {
		const bundle = await rollup({
			input: entry,
			external: (specifier, importer) => importer !== undefined && !/^\.{0,2}\//.test(specifier),
			plugins: [withoutTypes(ts, problems)],
			onwarn: ({ message }) => void warnings.push(message),
		});
		const { output } = await bundle.generate({ format: "es", inlineDynamicImports: true });
		await bundle.close();
		chunk = output[0];
	} catch (thrown) {
		refuse(ts, problems);
		throw new Fault("config.invalid", `the app: ${(thrown as Error).message}`);
	}
	refuse(ts, problems);
	checkImports(chunk);
	checkTexts(ts, chunk.code);
	return { code: chunk.code, files: chunk.moduleIds, warnings };
}

/** As strictly as the rest of the project. Throws Fault config.invalid. */
export function checkTypes({ ts }: Toolchain, files: readonly string[]): void {
	const program = ts.createProgram(files, {
		...compilerOptions(ts),
		lib: ["lib.es2023.d.ts"],
		types: [],
		strict: true,
		allowJs: true,
		noEmit: true,
		skipLibCheck: true,
		allowImportingTsExtensions: true,
		customConditions: ["moddable"],
		paths: { "enrollee/app": [join(projectRoot(), "hw", "moddable", "app.ts")] },
	});
	const problems = files
		.map((file) => program.getSourceFile(file))
		.filter((file) => file !== undefined)
		.flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]);
	refuse(ts, problems);
}

/** Syntax errors go to `problems`: rollup would take an error of ours apart. */
function withoutTypes(typescript: typeof ts, problems: ts.Diagnostic[]): Plugin {
	return {
		name: "without-types",
		transform(code, file) {
			if (!file.endsWith(".ts")) return null;
			const { outputText, diagnostics = [] } = typescript.transpileModule(code, {
				fileName: file,
				reportDiagnostics: true,
				compilerOptions: compilerOptions(typescript),
			});
			problems.push(...diagnostics);
			return { code: outputText, map: null };
		},
	};
}

function compilerOptions(typescript: typeof ts): ts.CompilerOptions {
	return {
		target: typescript.ScriptTarget.ES2023,
		module: typescript.ModuleKind.ESNext,
		moduleResolution: typescript.ModuleResolutionKind.Bundler,
		verbatimModuleSyntax: true,
		isolatedModules: true,
	};
}

function refuse(typescript: typeof ts, diagnostics: readonly ts.Diagnostic[]): void {
	if (diagnostics.length === 0) return;
	const lines = diagnostics.slice(0, MAX_PROBLEMS).map(({ file, start = 0, messageText }) => {
		const message = typescript.flattenDiagnosticMessageText(messageText, "; ");
		if (file === undefined) return message;
		const { line, character } = file.getLineAndCharacterOfPosition(start);
		return `${relative(process.cwd(), file.fileName)}:${line + 1}:${character + 1}: ${message}`;
	});
	const more = diagnostics.length > lines.length ? [`and ${diagnostics.length - lines.length} more`] : [];
	throw new Fault("config.invalid", ["the app:", ...lines, ...more].join("\n"));
}

function checkImports({ imports, dynamicImports, exports }: OutputChunk): void {
	const foreign = [...imports, ...dynamicImports].map((specifier) => `"${specifier}"`);
	if (foreign.length > 0)
		throw new Fault(
			"config.invalid",
			`the app imports ${foreign.join(", ")}: an app gets everything from its device argument`,
		);
	if (!exports.includes("default"))
		throw new Fault("config.invalid", "the app has no default export: export default function app(device) { ... }");
}

/** A text whose length takes four bytes: xsl 8.2.3 crashes at it, and the mapping of the engine takes it for code. */
function checkTexts(typescript: typeof ts, code: string): void {
	const visit = (node: ts.Node): void => {
		if ("text" in node && typeof node.text === "string" && Buffer.byteLength(node.text) >= MAX_TEXT_BYTES)
			throw new Fault("config.invalid", `the app: a text of 64 KB or more ("${node.text.slice(0, 20)}...")`);
		typescript.forEachChild(node, visit);
	};
	const file = typescript.createSourceFile("app.js", code, typescript.ScriptTarget.ES2023);
	typescript.forEachChild(file, visit);
}

const MAX_PROBLEMS = 5;
/** With its NUL, what a length of two bytes cannot say. */
const MAX_TEXT_BYTES = 65535;
