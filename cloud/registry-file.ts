/**
 * The registry in the cloud's folder: devices.json, whole, and devices.log, a line for each device that has changed since; its last
 * line counts. A line is in the file before the answer that it stands behind can leave, so that what was acknowledged outlives
 * the process; a power cut may cost the last moment. What a cut left of a line is no JSON, and goes unread.
 */
import type { SavedDevice } from "./devices.ts";
import type { Folder } from "./folder.ts";

/** A device that is no more. */
interface Gone {
	readonly id: string;
	readonly gone: true;
}

const WHOLE = "devices.json";
const LOG = "devices.log";
/** A log that is longer than this, and than the registry, is put into it. */
const LEAST_BYTES = 1024 * 1024;
/** A thousand devices that arrive together are on the disk once, not a thousand times. */
const SYNC_AFTER_MS = 200;

export class RegistryFile {
	readonly #folder: Folder;
	readonly #log: ReturnType<Folder["journal"]>;
	readonly #all: () => readonly SavedDevice[];
	#wholeBytes = 0;
	#logBytes = 0;
	#waits = false;

	/** `all`: the registry as it stands. */
	constructor(folder: Folder, all: () => readonly SavedDevice[]) {
		this.#folder = folder;
		this.#log = folder.journal(LOG);
		this.#all = all;
	}

	static read(folder: Folder): SavedDevice[] {
		const devices = new Map<string, SavedDevice>();
		for (const device of JSON.parse(folder.read(WHOLE) ?? "[]") as SavedDevice[]) devices.set(device.id, device);
		for (const line of (folder.read(LOG) ?? "").split("\n")) {
			const record = parse(line);
			if (record === undefined) continue;
			if ("gone" in record) devices.delete(record.id);
			else devices.set(record.id, record);
		}
		return [...devices.values()];
	}

	add(record: SavedDevice | Gone): void {
		// The newline first: what a full disk left of the line before is a line of its own.
		this.#logBytes += this.#log.add(`\n${JSON.stringify(record)}`);
		if (this.#logBytes > Math.max(LEAST_BYTES, this.#wholeBytes)) this.putTogether();
		else if (!this.#waits) {
			this.#waits = true;
			setTimeout(() => {
				this.#waits = false;
				try {
					this.#log.sync();
				} catch {} // The system has the lines all the same, and the next change tries again.
			}, SYNC_AFTER_MS).unref();
		}
	}

	/** Into one file. */
	putTogether(): void {
		const text = `${JSON.stringify(this.#all())}\n`;
		this.#folder.write(WHOLE, text);
		// A cut before this: the lines say what the file says.
		this.#log.clear();
		this.#wholeBytes = text.length;
		this.#logBytes = 0;
	}
}

function parse(line: string): SavedDevice | Gone | undefined {
	try {
		return JSON.parse(line);
	} catch {
		return undefined;
	}
}
