/**
 * A store that loses nothing, on one that may lose what it replaces (src/port.ts, Store): each blob has two names, NAME/0 and
 * NAME/1, in turn. A put writes under the name that is free and only then deletes the other, so nothing is ever
 * replaced, and a put that is refused leaves what there was. Names are 1 to 13 characters.
 *
 *   sequence u32 | SHA-256 over NAME, sequence and bytes, its first 8 bytes | bytes        big endian
 *
 * After a cut between the two both are there: the higher sequence counts. A blob under the plain name, from a version before
 * this, is read where there is none of the two, and goes with the next put.
 */
import { createSha256 } from "#digest";
import { concat, equal, utf8 } from "../base/bytes.ts";
import { Fault } from "../fault.ts";
import type { Store, StoreUsage } from "../port.ts";

interface Copy {
	readonly name: string;
	readonly sequence: number;
	readonly bytes: Uint8Array;
}

const HEAD_BYTES = 12;

/** So many bytes that a put writes without a copy, as those that `get` gives: alone in their buffer, behind room for the head. */
export const withRoom = (length: number): Uint8Array => new Uint8Array(HEAD_BYTES + length).subarray(HEAD_BYTES);

export class PairStore implements Store {
	readonly #inner: Store;

	constructor(inner: Store) {
		this.#inner = inner;
	}

	/** Throws Fault store.damaged where only damaged bytes are left, store.failed. */
	get(name: string): Uint8Array | undefined {
		const damages: Fault[] = [];
		const [newest] = this.#copies(name, damages);
		const bytes = newest?.bytes ?? this.#inner.get(name);
		if (bytes === undefined && damages[0]) throw damages[0];
		return bytes;
	}

	/** Writes nothing where these bytes are there already. Throws Fault store.full, store.failed: then the old ones are. */
	put(name: string, bytes: Uint8Array): void {
		const damages: Fault[] = [];
		const [newest] = this.#copies(name, damages);
		if (newest && equal(newest.bytes, bytes)) return;
		const [first, second] = namesOf(name);
		const [into, other] = newest?.name === first ? [second, first] : [first, second];
		// What a cut has left there, or flash has damaged.
		this.#inner.delete(into);
		const sequence = (newest?.sequence ?? 0) + 1;
		this.#inner.put(into, encode(name, sequence, bytes));
		this.#forget(name);
		// A damaged one goes, too: were it read again one day, its sequence would be the higher one.
		if (newest || damages.length > 0) this.#forget(other);
	}

	/** The newest goes last: a cut on the way must not bring an older one back. */
	delete(name: string): void {
		const [newest] = this.#copies(name, []);
		for (const one of [name, ...namesOf(name)]) if (one !== newest?.name) this.#inner.delete(one);
		if (newest) this.#inner.delete(newest.name);
	}

	get isClear(): boolean | undefined {
		return this.#inner.isClear;
	}

	usage(): StoreUsage | undefined {
		return this.#inner.usage?.();
	}

	/** Takes over what a version before this has left under the plain name. Throws Fault store.full, store.failed. */
	adopt(name: string): void {
		const bytes = this.#inner.get(name);
		if (bytes !== undefined && this.#copies(name, []).length === 0) this.put(name, bytes);
		else if (bytes !== undefined) this.#inner.delete(name);
	}

	/** Whether flash has anything in this form. */
	holds(name: string): boolean {
		return namesOf(name).some((one) => this.#inner.get(one) !== undefined);
	}

	/** Newest first. */
	#copies(name: string, damages: Fault[]): Copy[] {
		const copies: Copy[] = [];
		for (const one of namesOf(name)) {
			const blob = this.#inner.get(one);
			const copy = blob && decode(name, one, blob);
			if (copy) copies.push(copy);
			else if (blob) damages.push(new Fault("store.damaged", `${one}: wrong checksum`));
		}
		return copies.sort((a, b) => b.sequence - a.sequence);
	}

	/** What is older than the new bytes is out of force already: if it stays, the next put takes its place. */
	#forget(name: string): void {
		try {
			this.#inner.delete(name);
		} catch (thrown) {
			if (!(thrown instanceof Fault)) throw thrown;
		}
	}
}

function namesOf(name: string): readonly [string, string] {
	return [`${name}/0`, `${name}/1`];
}

function encode(name: string, sequence: number, bytes: Uint8Array): Uint8Array {
	const { buffer, byteOffset, length } = bytes;
	const hasRoom = byteOffset === HEAD_BYTES && buffer.byteLength === HEAD_BYTES + length;
	const blob = hasRoom ? new Uint8Array(buffer) : concat(new Uint8Array(HEAD_BYTES), bytes);
	new DataView(blob.buffer).setUint32(0, sequence);
	blob.set(checkOf(name, blob.subarray(0, 4), bytes), 4);
	return blob;
}

function decode(name: string, one: string, blob: Uint8Array): Copy | undefined {
	if (blob.length < HEAD_BYTES) return undefined;
	const number = blob.subarray(0, 4);
	const bytes = blob.subarray(HEAD_BYTES);
	if (!equal(checkOf(name, number, bytes), blob.subarray(4, HEAD_BYTES))) return undefined;
	return { name: one, sequence: new DataView(blob.buffer, blob.byteOffset).getUint32(0), bytes };
}

function checkOf(name: string, number: Uint8Array, bytes: Uint8Array): Uint8Array {
	// Not joined: on a device that would be one more copy of a credential in memory.
	const digest = createSha256();
	for (const part of [utf8(name), number, bytes]) digest.write(part);
	return digest.close().subarray(0, 8);
}
