/** Flash as a file: what was never written reads 0xff, and a write is on the disk before it returns. */
import { closeSync, existsSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { Fault } from "../../src/fault.ts";
import { syncFile } from "./files.ts";

export class FlashFile {
	readonly path: string;

	constructor(path: string) {
		this.path = path;
	}

	read(offset: number, length: number): Uint8Array {
		return attempt(() => {
			const bytes = new Uint8Array(length).fill(0xff);
			if (!existsSync(this.path) || statSync(this.path).size <= offset) return bytes;
			const descriptor = openSync(this.path, "r");
			try {
				readSync(descriptor, bytes, 0, length, offset);
			} finally {
				closeSync(descriptor);
			}
			return bytes;
		});
	}

	write(offset: number, bytes: Uint8Array): void {
		attempt(() => {
			const size = existsSync(this.path) ? statSync(this.path).size : 0;
			const descriptor = openSync(this.path, existsSync(this.path) ? "r+" : "w+");
			try {
				// A gap would read as zeros.
				if (offset > size) writeSync(descriptor, new Uint8Array(offset - size).fill(0xff), 0, offset - size, size);
				writeSync(descriptor, bytes, 0, bytes.length, offset);
				syncFile(descriptor);
			} finally {
				closeSync(descriptor);
			}
		});
	}

	erase(offset: number, length: number): void {
		this.write(offset, new Uint8Array(length).fill(0xff));
	}
}

/** What files throw, as Fault ota.flash. */
export function attempt<T>(action: () => T): T {
	try {
		return action();
	} catch (thrown) {
		throw Fault.of(thrown, "ota.flash");
	}
}
