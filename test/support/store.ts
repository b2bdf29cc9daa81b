/**
 * Flash in memory, as unkind as ESP-IDF's NVS (src/port.ts, Store). The blobs outlive the boot: give the same `blobs` to the
 * store of the next one. With a Power, every put and delete has a place to cut before its effect and one after; a put over
 * a blob has one in between that loses the old bytes with the new. A refusal for lack of space loses the old bytes.
 */
import { Fault } from "../../src/fault.ts";
import type { Store, StoreEntries } from "../../src/port.ts";
import { type Power, PowerCut } from "./power.ts";

export interface FakeStoreOptions {
	readonly blobs?: Map<string, Uint8Array>;
	readonly power?: Power;
	/** Asked before every put: a Fault to throw instead (store.full, store.failed). */
	readonly refuse?: (name: string, bytes: Uint8Array) => Fault | undefined;
	/** Takes a blob away that a cut or a refusal has lost; default: from `blobs`. */
	readonly lose?: (name: string) => void;
	/** Of the flash that others use, too: its pages of 4 KB, and the entries of NVS that the others have now. */
	readonly partition?: { readonly pages: number; readonly others: () => number };
	/** A put replaces at one stroke, as files do. Default false. */
	readonly atomic?: boolean;
}

export class FakeStore implements Store {
	readonly blobs: Map<string, Uint8Array>;
	/** Flash wear: puts and deletes that took effect, and the bytes of the puts. */
	writes = 0;
	bytesWritten = 0;
	/** For want of room. */
	refusals = 0;
	onRefusal = (): void => {};
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
		const fault = refuse?.(name, bytes) ?? this.#refusal(name, bytes);
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

	/** Entries of the partition, where it has an end. */
	entries(): StoreEntries | undefined {
		const { partition } = this.#options;
		if (!partition) return undefined;
		const own = [...this.blobs.values()].reduce((sum, { length }) => sum + entriesOf(length), 0);
		return { total: partition.pages * PAGE_ENTRIES, used: own + partition.others(), own };
	}

	/** At the very end: one page stays free. What NVS cannot use of the others is not counted. */
	#refusal(name: string, bytes: Uint8Array): Fault | undefined {
		const entries = this.entries();
		if (!entries || entries.used + entriesOf(bytes.length) <= entries.total - PAGE_ENTRIES) return undefined;
		this.refusals++;
		this.onRefusal();
		return new Fault("store.full", `${name}: no room`);
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

/** One page of NVS, and what a blob takes of it: an index, a chunk's header, its data. */
const PAGE_ENTRIES = 126;
const entriesOf = (bytes: number): number => 2 + Math.ceil(bytes / 32);

/** The rule of the port, so that a name that ESP32 NVS would refuse fails here too; a slash is of what lies beneath. */
function checkName(name: string): void {
	if (!/^(?=.{1,15}$)[a-z0-9.-]{1,13}(\/[01])?$/.test(name)) throw new Fault("store.failed", `blob name "${name}"`);
}
