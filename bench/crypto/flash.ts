/** Flash that modules take, as on a 32-bit chip: bytecode, and what the linker put into ROM when they are preloaded. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type App, buildForXs } from "../../test/sim/harness.ts";

const SLOT_BYTES = 16;
const WORD_BYTES = 4;

/** The key room and its hashes, against an image without them. */
export async function flashOfOurs(): Promise<number> {
	const without = await link("without", []);
	const [key, digest] = ["enrollee/key", "enrollee/digest"];
	const with_ = await link("with", [key, digest]);
	return romBytes(with_) - romBytes(without) + codeBytes(with_, key) + codeBytes(with_, digest);
}

/** The CODE atom of a compiled module; atoms are length, name, content, the outer one XS_B. */
export function codeBytes(app: App, module: string): number {
	const compiled = readFileSync(join(app.temporary, "modules", `${module}.xsb`));
	for (let at = 8; at < compiled.length; at += compiled.readUInt32BE(at))
		if (compiled.toString("latin1", at + 4, at + 8) === "CODE") return compiled.readUInt32BE(at) - 8;
	throw new Error(`no CODE in ${module}`);
}

function romBytes(app: App): number {
	const source = readFileSync(join(app.temporary, "mc.xs.c"), "utf8");
	const defined = (name: string): number => Number(new RegExp(`#define mx${name}Count (\\d+)`).exec(source)?.[1] ?? 0);
	return SLOT_BYTES * defined("Heap") + WORD_BYTES * (defined("BigInt") + defined("RegExp") + defined("Keys"));
}

function link(name: string, modules: readonly string[]): Promise<App> {
	return buildForXs({
		name: `bench-flash-${name}`,
		build: "release",
		manifest: {
			include: [
				"$(MODDABLE)/examples/manifest_base.json",
				"$(MODULES)/crypt/digest/manifest.json",
				"$(ENROLLEE)/hw/simulator/lib/manifest.json",
				"$(ENROLLEE)/hw/moddable/manifest_entropy.json",
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
