/** Flash that modules take, as on a 32-bit chip: bytecode, and what the linker put into ROM when they are preloaded. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type App, buildForXs } from "../../hw/simulator/harness.ts";
import { bytecodeBytes } from "../bytecode.ts";

const SLOT_BYTES = 16;
const WORD_BYTES = 4;

/** The key room and its hashes, against an image without them. */
export async function flashOfOurs(): Promise<number> {
	const without = await link("without", []);
	const [key, digest] = ["enrollee/key", "enrollee/digest"];
	const with_ = await link("with", [key, digest]);
	return romBytes(with_) - romBytes(without) + codeBytes(with_, key) + codeBytes(with_, digest);
}

export const codeBytes = (app: App, module: string): number =>
	bytecodeBytes(join(app.temporary, "modules", `${module}.xsb`));

function romBytes(app: App): number {
	const source = readFileSync(join(app.temporary, "mc.xs.c"), "utf8");
	const defined = (name: string): number => Number(new RegExp(`#define mx${name}Count (\\d+)`).exec(source)?.[1] ?? 0);
	return SLOT_BYTES * defined("Heap") + WORD_BYTES * (defined("BigInt") + defined("RegExp") + defined("Keys"));
}

function link(name: string, modules: readonly string[]): Promise<App> {
	return buildForXs({
		name: `bench-flash-${name}`,
		build: "release",
		engine: "bench",
		manifest: {
			include: [
				"$(MODDABLE)/examples/manifest_base.json",
				"$(MODULES)/crypt/digest/manifest.json",
				"$(ENROLLEE)/hw/simulator/lib/manifest.json",
				"$(ENROLLEE)/hw/moddable/manifest_entropy.json",
				"$(ENROLLEE)/hw/moddable/manifest_text.json",
			],
			modules: Object.fromEntries([
				["main", "$(ENROLLEE)/test/sim/apps/hello"],
				...["enrollee/base", ...modules].map((module) => [
					module,
					`$(ENROLLEE)/${module.replace("enrollee", "dist/moddable")}`,
				]),
			]),
			preload: ["enrollee/base", ...modules],
			// Both with the whole of the language, so that only the modules differ.
			strip: [],
		},
	});
}
