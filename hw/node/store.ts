/**
 * The Store port on Node: one file a name in one folder, for its owner only (files 0600, folder 0700).
 *
 * A put writes a temporary file, syncs it, renames it over the old one and syncs the folder, so that after a cut there is
 * the old content or the new, never a mixture. Leftovers of a cut are removed when the store is opened.
 */
import { closeSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../src/fault.ts";
import type { Store } from "../../src/port.ts";
import { StoreRoom } from "../../src/store/store-room.ts";
import { makeFolder, removeLeftovers, replaceFile, syncFile } from "./files.ts";

export function openStore(folder: string): Store {
	attempt(`folder ${folder}`, () => {
		makeFolder(folder);
		removeLeftovers(folder);
	});
	return new StoreRoom(storeIn(folder));
}

/** The store of a folder that another process may be at work in: nothing is made, nothing removed by opening it. */
export function storeIn(folder: string): Store {
	const pathOf = (name: string): string => {
		if (!/^[a-z0-9.-]{1,15}$/.test(name) || /^\.+$/.test(name))
			throw new Fault("store.failed", `${JSON.stringify(name)} is no name: 1 to 15 of [a-z0-9.-]`);
		return join(folder, name);
	};
	return {
		get(name) {
			const path = pathOf(name);
			return attempt(`reading ${path}`, () => {
				try {
					return new Uint8Array(readFileSync(path));
				} catch (thrown) {
					if (codeOf(thrown) === "ENOENT") return undefined;
					throw thrown;
				}
			});
		},
		put(name, bytes) {
			const path = pathOf(name);
			attempt(`writing ${path}`, () => {
				replaceFile(path, bytes);
				syncFolder(folder);
			});
		},
		delete(name) {
			const path = pathOf(name);
			attempt(`deleting ${path}`, () => {
				rmSync(path, { force: true });
				syncFolder(folder);
			});
		},
	};
}

/** Makes a rename or a removal durable. */
function syncFolder(folder: string): void {
	if (process.platform === "win32") return; // a folder cannot be opened there; NTFS journals the rename
	const handle = openSync(folder, "r");
	try {
		syncFile(handle);
	} finally {
		closeSync(handle);
	}
}

function attempt<T>(what: string, body: () => T): T {
	try {
		return body();
	} catch (thrown) {
		const code = codeOf(thrown);
		const full = code === "ENOSPC" || code === "EDQUOT";
		throw new Fault(full ? "store.full" : "store.failed", `${what}: ${code}`, { cause: thrown });
	}
}

function codeOf(thrown: unknown): string {
	return (thrown as NodeJS.ErrnoException).code ?? String(thrown);
}
