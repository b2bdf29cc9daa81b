/**
 * The engine's own mapping of a mod archive, with power cuts (map.c), on files: `xs` is the image of the partition.
 *
 *     const mapper = await buildMapper(app.library);
 *     await mapper.boot(xs);                                    // { writes: 9, off: false, accepted: true, mapped: undefined }
 *     await mapper.boot(xs, { cut: 3, torn: "erased" });        // { writes: 3, off: true }
 *     await mapper.boot(xs, { staged: archive });               // mapped: is `xs` what mapping the pristine copy gives?
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { project, sdkEnvironment } from "../../../hw/simulator/harness.ts";

export const SECTOR_BYTES = 4096;

/** What is left of the sector that was being written. */
export type Torn = "untouched" | "erased" | "half";

export interface BootOptions {
	/** Power is lost at this sector write, the first is 0. */
	readonly cut?: number;
	readonly torn?: Torn;
	/** The pristine archive, to ask for `mapped`. */
	readonly staged?: string;
}

export interface Boot {
	readonly writes: number;
	readonly off: boolean;
	/** The engine takes the archive for good. Undefined when the power went. */
	readonly accepted?: boolean;
	readonly mapped?: boolean;
}

export interface Mapper {
	boot(xs: string, options?: BootOptions): Promise<Boot>;
}

const call = promisify(execFile);

/** `host` is a simulator library: its table of symbols is the one that is mapped to. */
export async function buildMapper(host: string): Promise<Mapper> {
	const source = join(project, "test/sim/mapping/map.c");
	const folder = join(project, "build/sim");
	const map = join(folder, `map-${createHash("sha256").update(readFileSync(source)).digest("hex").slice(0, 12)}`);
	if (!existsSync(map)) {
		mkdirSync(folder, { recursive: true });
		const made = `${map}.${process.pid}`;
		await call("cc", ["-O1", "-Wall", "-Wextra", "-Werror", source, "-o", made, "-ldl"]);
		renameSync(made, map);
	}
	return {
		async boot(xs, { cut, torn = "untouched", staged } = {}) {
			const args = [host, xs];
			if (cut !== undefined) args.push("--cut", String(cut));
			if (torn !== "untouched") args.push("--torn", torn);
			if (staged !== undefined) args.push("--staged", staged);
			const { writes, off, accepted, mapped } = JSON.parse((await call(map, args)).stdout) as Record<string, unknown>;
			return {
				writes: writes as number,
				off: off as boolean,
				...(accepted !== null && { accepted: accepted as boolean }),
				...(mapped !== null && { mapped: mapped as boolean }),
			};
		},
	};
}

/** A mod archive as mcrun makes it. `modules`: name in the archive -> source. */
export async function buildArchive(folder: string, modules: Readonly<Record<string, string>>): Promise<string> {
	const env = sdkEnvironment();
	const targets: string[] = [];
	for (const [name, source] of Object.entries(modules)) {
		const target = join(folder, "modules", `${name}.xsb`);
		mkdirSync(dirname(target), { recursive: true });
		await call("xsc", [source, "-e", "-o", dirname(target), "-r", basename(name)], { env });
		targets.push(target);
	}
	await call("xsl", ["-a", "-b", join(folder, "modules"), "-n", "app", "-o", folder, "-r", "app", ...targets], { env });
	return join(folder, "app.xsa");
}
