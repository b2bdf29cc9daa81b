/**
 * A store that begins no write that its flash could refuse, and counts what is written. Beneath a PairStore, so that each blob
 * is judged beside the one that it takes the place of.
 *
 * A credential may take all the room there is, and so may small records, which are as small when they are written again. What
 * else is large (an update's envelope) leaves a credential its room: a device without a newer firmware is better than one
 * without a certificate.
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
		const spare = isCredential(name) || bytes.length <= SMALL_BYTES ? 0 : entriesOf(this.#credential);
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
	}

	get isClear(): boolean | undefined {
		return this.#inner.isClear;
	}

	usage(): StoreUsage {
		return { puts: this.#puts, written: this.#written, entries: this.#entries() };
	}

	#note(name: string, bytes = 0): void {
		if (isCredential(name)) this.#credential = Math.max(this.#credential, bytes);
	}
}

const isCredential = (name: string): boolean => name.startsWith("cred.");
