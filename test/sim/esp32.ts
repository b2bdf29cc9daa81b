/**
 * Links the script of an ESP32 image without ESP-IDF: every module compiled for the board and preloaded, as it would be
 * flashed; only the C is missing. mcconfig is content with an IDF folder and an idf.py that makes an empty sdkconfig.h;
 * it then fails for want of a C compiler, having written the makefile, the sdkconfig and the partition table.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";
import { project, sdkEnvironment } from "../../hw/simulator/harness.ts";

export interface Image {
	/** mc.xs.c: the ROM heap, as C. */
	readonly script: string;
	/** What the IDF would be given. */
	readonly sdkconfig: string;
	readonly partitions: string;
	readonly flash: FlashBytes;
	/** What the link warns of: an object, function or variable in flash that could be written to. */
	readonly warnings: number;
	/** Of them a copy in RAM is found by a pointer each. */
	readonly aliases: number;
	/** The compiled module of that name. */
	module(name: string): Buffer;
	/** What mcconfig wrote: makefile, mc.defines.h. */
	file(name: string): string;
	/** The command that would compile a file of C, by the name of its object; ESP-IDF's folder is `idf`. */
	compiles(object: string, idf: string): string;
}

/** What the script takes in flash, on a 32-bit chip. */
export interface FlashBytes {
	/** Of functions, of closures of one function once; what a preloaded module ran while it was linked is not in the image. */
	readonly bytecode: number;
	/** Names of properties and texts outside of functions, each once. */
	readonly texts: number;
	/** Slots of the ROM heap. */
	readonly slots: number;
	readonly bigInts: number;
	readonly regExps: number;
	/** Property keys: a pointer and a place in objects each. */
	readonly keys: number;
	readonly total: number;
}

/** Test files run side by side. */
const OWN = join(project, "build/esp32", String(process.pid));
process.once("exit", () => rmSync(OWN, { recursive: true, force: true }));

const SLOT_BYTES = 16;
const WORD_BYTES = 4;
const KEY_BYTES = WORD_BYTES + 2;

/** `target`: esp32 or esp32/<subplatform>, of the given chip. */
export function linkForEsp32(manifest: string, target: string, chip: string): Image {
	const { env, folder, sdkconfig, partitions } = configureForEsp32(manifest, target, chip);
	const script = join(folder, "mc.xs.c");
	const make = spawnSync("make", ["-s", "-f", join(folder, "makefile"), script], { env, encoding: "utf8" });
	if (make.status !== 0) throw new Error(`make: ${make.stdout}${make.stderr}`);
	const text = readFileSync(script, "utf8");
	return {
		script: text,
		sdkconfig,
		partitions,
		flash: measure(text),
		warnings: `${make.stdout}${make.stderr}`.match(/(not frozen|no const)$/gm)?.length ?? 0,
		aliases: Number(/#define mxAliasCount (\d+)/.exec(text)?.[1]),
		module: (name) => readModule(join(folder, "modules"), name),
		file: (name) => readFileSync(join(folder, name), "utf8"),
		compiles(object, idf) {
			const dry = ["-n", "-B", "-f", join(folder, "makefile"), join(folder, object)];
			const { stdout } = spawnSync("make", dry, { env, encoding: "utf8", maxBuffer: 1 << 26 });
			return stdout.trimEnd().split("\n").at(-1)!.replaceAll(env.IDF_PATH!, idf);
		},
	};
}

/** Only what mcconfig writes for the IDF, in seconds; nothing is compiled. `variables`: of the shell. */
export function configureForEsp32(manifest: string, target: string, chip: string, variables: NodeJS.ProcessEnv = {}) {
	const out = join(OWN, target.replace("/", "-"));
	rmSync(out, { recursive: true, force: true });
	const env = { ...standInIdf(join(out, "idf")), ...variables };
	const run = spawnSync("mcconfig", ["-m", "-p", target, "-o", out, "-t", "build", manifest], {
		env,
		encoding: "utf8",
	});
	const folder = join(out, "tmp", target, "release", basename(dirname(manifest)));
	const read = (name: string): string => {
		try {
			return readFileSync(join(folder, `xsProj-${chip}`, name), "utf8");
		} catch (cause) {
			throw new Error(`mcconfig: ${run.stdout}${run.stderr}`, { cause });
		}
	};
	const output = `${run.stdout}${run.stderr}`;
	return { env, folder, output, sdkconfig: read("sdkconfig.mc"), partitions: read("partitions.csv") };
}

function standInIdf(folder: string): NodeJS.ProcessEnv {
	mkdirSync(folder, { recursive: true });
	writeFileSync(join(folder, "export.sh"), "");
	writeFileSync(join(folder, "idf.py"), IDF_PY, { mode: 0o755 });
	const env = sdkEnvironment();
	return { ...env, IDF_PATH: folder, PATH: `${folder}${delimiter}${env.PATH}` };
}

const IDF_PY = `#!/bin/sh
for argument in "$@"; do
	case "$argument" in
	SDKCONFIG_HEADER=*) header="\${argument#SDKCONFIG_HEADER=}"; mkdir -p "$(dirname "$header")"; : > "$header" ;;
	esac
done
`;

function measure(script: string): FlashBytes {
	const count = (name: string): number => Number(new RegExp(`#define mx${name}Count (\\d+)`).exec(script)?.[1] ?? 0);
	const functions = script.match(/(?<=\.code = \{ \(txByte\*\)")[^"]*/g) ?? [];
	const loaded = [...script.matchAll(/^static const txU1 gxCode\d+\[(\d+)\];/gm)];
	const texts = script.match(/(?<=\.(key = \{|string =) )"([^"\\]|\\.)*"/g) ?? [];
	const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
	const parts = {
		bytecode: sum([
			...[...new Set(functions)].map((escaped) => escaped.length / ESCAPED),
			...loaded.map(([, bytes]) => Number(bytes)),
		]),
		texts: sum([...new Set(texts)].map((text) => Buffer.byteLength(text) - 1)),
		slots: count("Heap") * SLOT_BYTES,
		bigInts: count("BigInt") * WORD_BYTES,
		regExps: count("RegExp") * WORD_BYTES,
		keys: count("Keys") * KEY_BYTES,
	};
	return { ...parts, total: sum(Object.values(parts)) };
}

/** `\x0c` of a byte. */
const ESCAPED = 4;

const readModule = (modules: string, name: string): Buffer =>
	readFileSync(join(modules, `${name.replace("embedded:", "~.embedded/")}.xsb`));
