/**
 * A store that begins no write that its flash could refuse, and counts what is written. Beneath a PairStore, so that each blob
 * is judged beside the one that it takes the place of.
 *
 * A credential may take all the room there is, and so may small records, which are as small when they are written again. What
 * else is large (an update's envelope) leaves a credential its room, that of the copy whose place it takes among it: a device
 * without a newer firmware is better than one without a certificate.
 */
import { Fault } from "../fault.ts";
import type { Store, StoreEntries, StoreUsage } from "../port.ts";
import { entriesOf, fits } from "./entries.ts";
import { LEAST_CREDENTIAL_BYTES } from "./reserve.ts";

const SMALL_BYTES = 512;

export class StoreRoom implements Store {
	readonly #inner: Store;
	readonly #entries: () => StoreEntries | undefined;
	/** Bytes of the largest credential that was read or written. */
	#credential = LEAST_CREDENTIAL_BYTES;
	/** Entries of what else is large, as it was read or written; names as PairStore has them. Most devices never need it. */
	#large: Map<string, number> | undefined;
	#puts = 0;
	#written = 0;

	/** `entries`: of the flash, where it can say. */
	constructor(inner: Store, entries: () => StoreEntries | undefined = () => undefined) {
		this.#inner = inner;
		this.#entries = entries;
	}

	get(name: string): Uint8Array | undefined {
		const bytes = this.#inner.get(name);
		this.#note(name, bytes?.length);
		return bytes;
	}

	/** Throws Fault store.full: then nothing was written; store.failed. */
	put(name: string, bytes: Uint8Array): void {
		const entries = this.#entries();
		const spare = isCredential(name) || bytes.length <= SMALL_BYTES ? 0 : this.#spareBeside(name);
		if (entries && !fits(entries, bytes.length, spare))
			throw new Fault(
				"store.full",
				`${name}: ${bytes.length} bytes, ${entries.used} of ${entries.total} entries in use`,
			);
		this.#inner.put(name, bytes);
		this.#note(name, bytes.length);
		this.#puts++;
		this.#written += entriesOf(bytes.length);
	}

	delete(name: string): void {
		this.#inner.delete(name);
		this.#large?.delete(name);
	}

	get isClear(): boolean | undefined {
		return this.#inner.isClear;
	}

	usage(): StoreUsage {
		return { puts: this.#puts, written: this.#written, entries: this.#entries() };
	}

	/** A credential's, but for what the older copy of this record will leave. */
	#spareBeside(name: string): number {
		const freed = copiesOf(name).reduce((sum, copy) => sum + (this.#large?.get(copy) ?? 0), 0);
		return Math.max(0, entriesOf(this.#credential) - freed);
	}

	#note(name: string, bytes = 0): void {
		if (isCredential(name)) this.#credential = Math.max(this.#credential, bytes);
		else if (bytes > SMALL_BYTES) {
			this.#large ??= new Map();
			this.#large.set(name, entriesOf(bytes));
		} else this.#large?.delete(name);
	}
}

const isCredential = (name: string): boolean => name.startsWith("cred.");

/** Under all its names: that of a PairStore's record ends in one digit. */
function copiesOf(name: string): readonly string[] {
	const at = name.lastIndexOf("/");
	const record = at < 0 ? name : name.slice(0, at);
	return [record, `${record}/0`, `${record}/1`];
}
