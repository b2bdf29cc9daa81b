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
export const PAGES = 16;
export const PAGE_ENTRIES = 126;
const ENTRY_BYTES = 32;
/** Per sector: a tenth of what the datasheets of usual SPI NOR flash promise. */
export const ENDURANCE_ERASES = 10_000;

/** Blobs as they lie in flash, pairs too; tells every change that the device makes by the name that it knows. */
export class Flash extends Map<string, Uint8Array> {
	onChange: Change = () => {};
	/** Puts and deletes. */
	writes = 0;
	#entries = 0;

	override set(name: string, bytes: Uint8Array): this {
		this.#change(name, () => super.set(name, bytes));
		// An index entry, a chunk's header, its data.
		this.#entries += 2 + Math.ceil(bytes.length / ENTRY_BYTES);
		return this;
	}

	override delete(name: string): boolean {
		if (!this.has(name)) return false;
		this.#change(name, () => super.delete(name));
		return true;
	}

	/** The chip fails: not the device's doing. */
	spoil(name: string, bytes: Uint8Array | undefined): void {
		if (bytes === undefined) super.delete(name);
		else super.set(name, bytes);
	}

	/** What the device would read: the newer of a pair, or what has the plain name. */
	read(name: string): Uint8Array | undefined {
		const pair = [readCopy(name, this.get(`${name}/0`)), readCopy(name, this.get(`${name}/1`))];
		const newest = pair.filter((copy) => copy !== undefined).sort((a, b) => b.sequence - a.sequence)[0];
		return newest?.bytes ?? this.get(name);
	}

	#change(blob: string, change: () => void): void {
		const name = plainName(blob);
		const before = this.read(name);
		change();
		this.writes++;
		const after = this.read(name);
		if (before !== after && !(before && after && Buffer.compare(before, after) === 0))
			this.onChange(name, before, after);
	}

	/** Erase cycles of each sector so far: what was written, spread over the pages that take turns. */
	get erases(): number {
		return this.#entries / PAGE_ENTRIES / (PAGES - 1);
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

/** The device's name of a blob. */
export function plainName(blob: string): string {
	return blob.replace(/\/[01]$/, "");
}

/** Of a pair (src/store/pair-store.ts); undefined for none and for a damaged one. */
function readCopy(name: string, blob: Uint8Array | undefined) {
	if (blob === undefined || blob.length < 12) return undefined;
	const body = Buffer.from(blob.buffer, blob.byteOffset, blob.length);
	const checked = Buffer.concat([Buffer.from(name), body.subarray(0, 4), body.subarray(12)]);
	if (!hash("sha256", checked, "buffer").subarray(0, 8).equals(body.subarray(4, 12))) return undefined;
	return { sequence: body.readUInt32BE(0), bytes: blob.slice(12) };
}
