/**
 * What stands in the flash of a simulated device, read by the documented format (src/identity/record.ts and store.ts)
 * without src's code: the proof must not lean on what it proves. Wear is counted as ESP-IDF's NVS would have it.
 */
import { hash } from "node:crypto";

/** A blob changed; `before` and `after` are undefined when there was or is none. */
export type Change = (name: string, before: Uint8Array | undefined, after: Uint8Array | undefined) => void;

export interface Record {
	readonly sequence: number;
	readonly scalar: Uint8Array | undefined;
	/** Leaf first. */
	readonly chain: readonly Uint8Array[];
	readonly requestId: string | undefined;
}

/** 64 KB in pages of 4 KB with 126 entries of 32 bytes, one page always free (ESP-IDF, NVS internals). */
const PAGES = 16;
const ENTRIES_PER_PAGE = 126;
const ENTRY_BYTES = 32;
/** Per sector, by the datasheets of usual SPI NOR flash. */
export const ENDURANCE_ERASES = 100_000;

/** Blobs by name; tells every change that the device makes. */
export class Flash extends Map<string, Uint8Array> {
	onChange: Change = () => {};
	/** Puts and deletes. */
	writes = 0;
	#entries = 0;

	override set(name: string, bytes: Uint8Array): this {
		const before = this.get(name);
		super.set(name, bytes);
		this.writes++;
		// An index entry, a chunk's header, its data.
		this.#entries += 2 + Math.ceil(bytes.length / ENTRY_BYTES);
		this.onChange(name, before, bytes);
		return this;
	}

	override delete(name: string): boolean {
		const before = this.get(name);
		if (!super.delete(name)) return false;
		this.writes++;
		this.onChange(name, before, undefined);
		return true;
	}

	/** The chip fails: not the device's doing. */
	spoil(name: string, bytes: Uint8Array | undefined): void {
		if (bytes === undefined) super.delete(name);
		else super.set(name, bytes);
	}

	/** Erase cycles of each sector so far: what was written, spread over the pages that take turns. */
	get erases(): number {
		return this.#entries / ENTRIES_PER_PAGE / (PAGES - 1);
	}
}

/** Undefined for what is damaged or no record. */
export function readRecord(blob: Uint8Array | undefined): Record | undefined {
	if (blob === undefined || blob.length < 45) return undefined;
	const body = Buffer.from(blob.buffer, blob.byteOffset, blob.length);
	const checked = body.subarray(0, -32);
	if (!hash("sha256", checked, "buffer").equals(body.subarray(-32))) return undefined;
	let scalar: Uint8Array | undefined;
	let requestId: string | undefined;
	const chain: Uint8Array[] = [];
	for (let at = 13; at < checked.length; ) {
		const bytes = checked.subarray(at + 3, at + 3 + checked.readUInt16BE(at + 1));
		if (checked[at] === 1) scalar = bytes;
		if (checked[at] === 3) chain.push(bytes);
		if (checked[at] === 20) requestId = bytes.toString("latin1");
		at += 3 + bytes.length;
	}
	return { sequence: body.readUInt32BE(5), scalar, chain, requestId };
}
