/**
 * Flash in memory. The blobs outlive the boot: give the same `blobs` to the store of the next one. `put` is atomic, as
 * the port promises; with a Power, every put and delete has a place to cut before its effect and one after.
 */
import { Fault } from "../../src/fault.ts";
import type { Store } from "../../src/port.ts";
import type { Power } from "./power.ts";

export interface FakeStoreOptions {
	readonly blobs?: Map<string, Uint8Array>;
	readonly power?: Power;
	/** Asked before every put: a Fault to throw instead (store.full, store.failed). */
	readonly refuse?: (name: string, bytes: Uint8Array) => Fault | undefined;
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
		const { power, refuse } = this.#options;
		power?.point(`before store.put ${name}`);
		const fault = refuse?.(name, bytes);
		if (fault !== undefined) throw fault;
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
}

/** The rule of the port, so that a name that ESP32 NVS would refuse fails here too. */
function checkName(name: string): void {
	if (!/^[a-z0-9.-]{1,15}$/.test(name)) throw new Fault("store.failed", `blob name "${name}"`);
}
