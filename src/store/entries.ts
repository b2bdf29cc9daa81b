/**
 * How much of its flash a blob takes in ESP-IDF's NVS ("NVS internals" in ESP-IDF's documentation; nvs_storage.cpp,
 * writeMultiPageBlob, v5.2 to v6.0): pages of 4096 bytes with 126 entries of 32 bytes, of which one page is kept free. A blob is
 * cut where a page ends; each chunk has an entry before its data, the whole one more. The first chunk is not begun in less than
 * 400 bytes, so that each page may end in 13 entries that nobody can use.
 */
import { Fault } from "../fault.ts";
import type { Store, StoreEntries } from "../port.ts";

const ENTRY_BYTES = 32;
export const PAGE_ENTRIES = 126;
/** Entries of data that a chunk has at least, but for the last. */
const LEAST_CHUNK = 12;

/** At most, wherever pages end. */
export function entriesOf(bytes: number): number {
	const data = Math.ceil(bytes / ENTRY_BYTES);
	return data + Math.ceil(Math.max(data, 1) / LEAST_CHUNK) + 1;
}

/** Entries that can be used to the last: a blob of this size is refused only beyond. Default: of any size. */
export function capacityOf(total: number, bytes: number = LEAST_CHUNK * ENTRY_BYTES): number {
	const end = Math.min(Math.ceil(bytes / ENTRY_BYTES), LEAST_CHUNK) + 1;
	return (total / PAGE_ENTRIES - 1) * (PAGE_ENTRIES - end);
}

/** Whether NVS takes such a blob for certain; `spare`: entries that are left then. */
export function fits({ total, used }: StoreEntries, bytes: number, spare = 0): boolean {
	return used + entriesOf(bytes) + spare <= capacityOf(total, bytes);
}

/** Before something is begun that ends in these writes. Throws Fault store.full where one of them could be refused. */
export function expectRoom(store: Store, ...sizes: readonly number[]): void {
	const entries = store.usage?.()?.entries;
	const needed = sizes.reduce((sum, bytes) => sum + entriesOf(bytes), 0);
	if (entries && entries.used + needed > capacityOf(entries.total))
		throw new Fault("store.full", `${needed} entries are needed, ${entries.used} of ${entries.total} are in use`);
}
