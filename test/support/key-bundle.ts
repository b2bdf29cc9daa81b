/**
 * The key room as one module, for Node or for the device, made the way the device's is: through the plugin for ROM. For
 * tests only.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import resolve from "@rollup/plugin-node-resolve";
import { rollup } from "rollup";
import ts from "typescript";
import { xsRom } from "../../hw/moddable/xs-rom/index.js";
import type { KeyPair } from "../../src/key/pair.ts";
import type { verify } from "../../src/key/verify.ts";

export type Flavour = "native" | "fast" | "noble-formulas";

export interface KeyRoom {
	KeyPair: typeof KeyPair;
	verify: typeof verify;
	flavour: Flavour;
	armed: () => boolean;
}

const OPTIONS: ts.CompilerOptions = {
	target: ts.ScriptTarget.ES2023,
	module: ts.ModuleKind.ESNext,
	verbatimModuleSyntax: true,
};

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export interface BundleOptions {
	readonly flavour: Flavour;
	readonly audit?: boolean;
	readonly device?: boolean;
}

export async function bundleKeyRoom({ flavour, audit = false, device = false }: BundleOptions): Promise<string> {
	const bundle = await rollup({
		input: path("../../hw/moddable/key.ts"),
		external: [/^node:/, "crypt"],
		plugins: [
			resolve({ exportConditions: device ? ["moddable", flavour] : [flavour], preferBuiltins: true }),
			{ name: "types", transform: (code, id) => (id.endsWith(".ts") ? ts.transpile(code, OPTIONS) : null) },
			xsRom({ include: (id) => /\/src\/key\/|\/@noble\//.test(id), audit }),
		],
	});
	const { output } = await bundle.generate({ format: "es" });
	await bundle.close();
	return output[0].code;
}

/** From a file, since an error in a data: URL shows all of it. */
export async function load(code: string): Promise<KeyRoom> {
	const folder = mkdtempSync(join(tmpdir(), "enrollee-key-"));
	try {
		const file = join(folder, "key.mjs");
		writeFileSync(file, code);
		return await import(file);
	} finally {
		rmSync(folder, { recursive: true });
	}
}
