/** The cloud's folder: JSON it continues from, and PEM files for clients. Files are replaced, never half written. */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export interface Folder {
	path(name: string): string;
	/** Undefined when there is no such file. */
	read(name: string): string | undefined;
	write(name: string, text: string): string;
	/** Removes the folder if it was a temporary one. */
	close(): void;
}

/** Without a path: a temporary one. */
export function openFolder(given?: string): Folder {
	const root = given === undefined ? mkdtempSync(join(tmpdir(), "enrollee-cloud-")) : resolve(given);
	mkdirSync(root, { recursive: true, mode: 0o700 });
	const path = (name: string) => join(root, name);
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
			writeFileSync(path(`${name}.tmp`), text, { mode: 0o600 });
			renameSync(path(`${name}.tmp`), path(name));
			return path(name);
		},
		close() {
			if (given === undefined) rmSync(root, { recursive: true, force: true });
		},
	};
}
