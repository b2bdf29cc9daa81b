/**
 * The folder of `enrollee demo`. It begins with a fresh device each time, so it removes what the time before left: `device` and
 * `cloud`, in a folder that carries its mark, and nothing else anywhere.
 */
import { lstatSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../src/fault.ts";
import { makeFolder, replaceFile } from "./files.ts";
import { lockFolder } from "./lock.ts";

const MARK = ".enrollee-demo";

/** Locked for this process, `device` and `cloud` gone. Throws Fault config.foreign, host.locked, store.failed. */
export function openDemoFolder(folder: string): { readonly device: string; readonly cloud: string } {
	const [device, cloud] = [join(folder, "device"), join(folder, "cloud")];
	try {
		const isFresh = examine(folder) !== "ours";
		if (isFresh) {
			makeFolder(folder);
			replaceFile(join(folder, MARK), "enrollee demo made this folder: device and cloud in it are made anew.\n");
		}
		lockFolder(folder, "demo");
		// A link of that name goes by itself; what it leads to stays.
		for (const path of [device, cloud]) rmSync(path, { recursive: true, force: true });
	} catch (thrown) {
		if (thrown instanceof Fault) throw thrown;
		throw new Fault("store.failed", `--state ${folder}: ${(thrown as NodeJS.ErrnoException).code}`, { cause: thrown });
	}
	return { device, cloud };
}

function examine(folder: string): "ours" | "fresh" {
	let stat: ReturnType<typeof lstatSync>;
	try {
		stat = lstatSync(folder);
	} catch (thrown) {
		if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return "fresh";
		throw thrown;
	}
	if (!stat.isDirectory()) throw new Fault("config.foreign", `--state ${folder} is no folder`);
	const names = readdirSync(folder);
	if (names.length === 0) return "fresh";
	if (names.includes(MARK) && lstatSync(join(folder, MARK)).isFile()) return "ours";
	throw new Fault("config.foreign", `--state ${folder} is not empty, and no folder that enrollee demo made`);
}
