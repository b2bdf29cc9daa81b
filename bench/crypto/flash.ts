/** Flash that modules take, as on a 32-bit chip: bytecode, and what the linker put into ROM when they are preloaded. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { type App, buildForXs, project } from "../../hw/simulator/harness.ts";
import { bytecodeBytes } from "../bytecode.ts";

const SLOT_BYTES = 16;
const WORD_BYTES = 4;

const KEY = "enrollee/key";
const DIGEST = "enrollee/digest";

/** How rollup.config.js is told to make each. */
const FLAVOURS = {
	both: {},
	"P-256": { ENROLLEE_CURVES: "P-256" },
	"P-384": { ENROLLEE_CURVES: "P-384" },
	fast: { ENROLLEE_FORMULAS: "fast" },
	"noble-formulas": { ENROLLEE_FORMULAS: "noble-formulas" },
} as const;
export type Flavour = keyof typeof FLAVOURS;

/** The key room of each flavour and its hashes, against an image without them. `folder`: where they are made. */
export async function flashOfFlavours(folder: string): Promise<Readonly<Record<Flavour, number>>> {
	const without = romBytes(await link("without", {}));
	const bytes: Partial<Record<Flavour, number>> = {};
	for (const name of Object.keys(FLAVOURS) as Flavour[]) {
		const app = await link(name, { [KEY]: await keyRoom(name, join(folder, name)), [DIGEST]: "dist/moddable/digest" });
		bytes[name] = romBytes(app) - without + codeBytes(app, KEY) + codeBytes(app, DIGEST);
	}
	return bytes as Record<Flavour, number>;
}

/** Builds it and gives its path in the project. */
export async function keyRoom(flavour: Flavour, dir: string): Promise<string> {
	const rollup = join(project, "node_modules/rollup/dist/bin/rollup");
	await promisify(execFile)(process.execPath, [rollup, "-c", "--silent", "-i", "hw/moddable/key.ts", "--dir", dir], {
		cwd: project,
		env: { ...process.env, ...FLAVOURS[flavour] },
	});
	return relative(project, join(dir, "key"));
}

export const codeBytes = (app: App, module: string): number =>
	bytecodeBytes(join(app.temporary, "modules", `${module}.xsb`));

function romBytes(app: App): number {
	const source = readFileSync(join(app.temporary, "mc.xs.c"), "utf8");
	const defined = (name: string): number => Number(new RegExp(`#define mx${name}Count (\\d+)`).exec(source)?.[1] ?? 0);
	return SLOT_BYTES * defined("Heap") + WORD_BYTES * (defined("BigInt") + defined("RegExp") + defined("Keys"));
}

/** `modules`: paths in the project by specifier. */
function link(name: string, modules: Readonly<Record<string, string>>): Promise<App> {
	const linked = { "enrollee/base": "dist/moddable/base", ...modules };
	return buildForXs({
		name: `bench-flash-${name}`,
		build: "release",
		manifest: {
			include: [
				"$(MODDABLE)/examples/manifest_base.json",
				"$(MODULES)/crypt/digest/manifest.json",
				"$(ENROLLEE)/hw/simulator/lib/manifest.json",
				"$(ENROLLEE)/hw/moddable/manifest_key.json",
				"$(ENROLLEE)/hw/moddable/manifest_text.json",
			],
			modules: {
				main: "$(ENROLLEE)/test/sim/apps/hello",
				...Object.fromEntries(Object.entries(linked).map(([module, path]) => [module, `$(ENROLLEE)/${path}`])),
			},
			preload: Object.keys(linked),
			// Each with the whole of the language, so that only the modules differ.
			strip: [],
		},
	});
}
