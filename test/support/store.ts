/**
 * Flash in memory, as unkind as ESP-IDF's NVS (src/port.ts, Store). The blobs outlive the boot: give the same `blobs` to the
 * store of the next one. With a Power, every put and delete has a place to cut before its effect and one after; a put over
 * a blob has one in between that loses the old bytes with the new. A refusal for lack of space loses the old bytes.
 */
import { Fault } from "../../src/fault.ts";
import type { Store } from "../../src/port.ts";
import { type Power, PowerCut } from "./power.ts";

export interface FakeStoreOptions {
	readonly blobs?: Map<string, Uint8Array>;
	readonly power?: Power;
	/** Asked before every put: a Fault to throw instead (store.full, store.failed). */
	readonly refuse?: (name: string, bytes: Uint8Array) => Fault | undefined;
	/** Takes a blob away that a cut or a refusal has lost; default: from `blobs`. */
	readonly lose?: (name: string) => void;
	/** A put replaces at one stroke, as files do. Default false. */
	readonly atomic?: boolean;
}

export class FakeStore implements Store {
	readonly blobs: Map<string, Uint8Array>;
	/** Flash wear: puts and deletes that took effect, and the bytes of the puts. */
	writes = 0;
	bytesWritten = 0;
	readonly #options: FakeStoreOptions;

	constructor(options: FakeStoreOptions = {}) {
		this.#options = options;
		this.blobs = options.blobs ?? new Map();
	}

	get(name: string): Uint8Array | undefined {
		checkName(name);
		this.#options.power?.point(`store.get ${name}`);
		return this.blobs.get(name)?.slice();
	}

	put(name: string, bytes: Uint8Array): void {
		checkName(name);
		const { power, refuse, atomic = false } = this.#options;
		power?.point(`before store.put ${name}`);
		const fault = refuse?.(name, bytes);
		if (fault !== undefined) {
			if (fault.code === "store.full" && !atomic && this.blobs.has(name)) this.#lose(name);
			throw fault;
		}
		if (this.blobs.has(name) && !atomic) this.#replacing(name);
		this.blobs.set(name, new Uint8Array(bytes));
		this.writes++;
		this.bytesWritten += bytes.length;
		power?.point(`after store.put ${name}`);
	}

	delete(name: string): void {
		checkName(name);
		const { power } = this.#options;
		power?.point(`before store.delete ${name}`);
		if (this.blobs.delete(name)) this.writes++;
		power?.point(`after store.delete ${name}`);
	}

	#replacing(name: string): void {
		try {
			this.#options.power?.point(`during store.put ${name}`);
		} catch (thrown) {
			if (thrown instanceof PowerCut) this.#lose(name);
			throw thrown;
		}
	}

	#lose(name: string): void {
		const { lose = () => this.blobs.delete(name) } = this.#options;
		lose(name);
	}
}

/** The rule of the port, so that a name that ESP32 NVS would refuse fails here too; a slash is of what lies beneath. */
function checkName(name: string): void {
	if (!/^(?=.{1,15}$)[a-z0-9.-]{1,13}(\/[01])?$/.test(name)) throw new Fault("store.failed", `blob name "${name}"`);
}
