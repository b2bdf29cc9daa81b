/** The cloud's folder: JSON it continues from, and PEM files for clients. Files are replaced, never half written. */
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { removeLeftovers, replaceFile, syncFile } from "../hw/node/files.ts";
import { lockFolder } from "../hw/node/lock.ts";

export interface Folder {
	path(name: string): string;
	/** Undefined when there is no such file. */
	read(name: string): string | undefined;
	write(name: string, text: string): string;
	/** A file that only grows. */
	journal(name: string): Journal;
	/** Removes the folder if it was a temporary one, as the end of the process does. What is written afterwards is lost: the folder may be another cloud's. */
	close(): void;
}

export interface Journal {
	/** At its end, in the system's hands; how many bytes. */
	add(text: string): number;
	/** What was added is on the disk. */
	sync(): void;
	/** To nothing. */
	clear(): void;
}

/** Without a path: a temporary one. One cloud a folder: Fault host.locked. Throws Fault store.failed. */
export function openFolder(given?: string): Folder {
	const temporary = given === undefined;
	const root = temporary ? mkdtempSync(join(tmpdir(), "enrollee-cloud-")) : resolve(given);
	const unlock = lockFolder(root, "cloud", { once: true, temporary });
	removeLeftovers(root);
	const path = (name: string) => join(root, name);
	let isOpen = true;
	const closing: (() => void)[] = [];
	return {
		path,
		read(name) {
			try {
				return readFileSync(path(name), "utf8");
			} catch (error) {
				if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
				throw error;
			}
		},
		write(name, text) {
			if (isOpen) replaceFile(path(name), text);
			return path(name);
		},
		journal(name) {
			const file = openSync(path(name), "a", 0o600);
			closing.push(() => closeSync(file));
			return {
				add: (text) => (isOpen ? writeSync(file, text) : 0),
				sync() {
					if (isOpen) syncFile(file);
				},
				clear() {
					if (isOpen) ftruncateSync(file);
				},
			};
		},
		close() {
			isOpen = false;
			for (const close of closing.splice(0)) close();
			unlock();
		},
	};
}
