/** Flash in the simulator: files in $ENROLLEE_STATE (default: .enrollee in the home folder). What was never written reads 0xff. */
import files, { type File } from "embedded:storage/files";
import { environment } from "simulator";
import { Fault } from "../../src/fault.ts";

export class StateFiles {
	readonly #folder;

	/** Throws Fault ota.flash, as everything here. */
	constructor() {
		const path = environment("ENROLLEE_STATE") ?? `${environment("HOME")}/.enrollee`;
		const relative = path.replace(/^\/+/, "");
		this.#folder = attempt(() => {
			files.createDirectory(relative);
			return files.openDirectory({ path: relative });
		});
	}

	/** 0 for what does not exist. */
	size(name: string): number {
		return attempt(() => this.#folder.status(name).size ?? 0);
	}

	read(name: string, offset: number, length: number): Uint8Array {
		const bytes = new Uint8Array(length).fill(0xff);
		const there = Math.min(length, this.size(name) - offset);
		if (there > 0) bytes.set(new Uint8Array(this.#use(name, "r", (file) => file.read(there, offset))));
		return bytes;
	}

	write(name: string, offset: number, bytes: Uint8Array): void {
		const mode = attempt(() => this.#folder.status(name).size) === undefined ? "w+" : "r+";
		this.#use(name, mode, (file) => {
			file.write(bytes, offset);
			file.flush();
		});
	}

	/** Atomic: the old content or the new. */
	replace(name: string, bytes: Uint8Array): void {
		this.#use(`${name}~`, "w+", (file) => {
			file.write(bytes, 0);
			file.flush();
		});
		attempt(() => this.#folder.move(`${name}~`, name));
	}

	#use<T>(name: string, mode: "r" | "r+" | "w+", body: (file: File) => T): T {
		return attempt(() => {
			const file = this.#folder.openFile({ path: name, mode });
			try {
				return body(file);
			} finally {
				file.close();
			}
		});
	}
}

function attempt<T>(body: () => T): T {
	try {
		return body();
	} catch (thrown) {
		throw Fault.of(thrown, "ota.flash");
	}
}
