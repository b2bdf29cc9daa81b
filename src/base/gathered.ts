/** Small pieces that are written one after the other, to leave as one: each alone would be a record of its own, held while nobody reads. */
const MOST_BYTES = 512;

export class Gathered {
	#bytes: Uint8Array | undefined;
	#length = 0;

	/** False: there is no room for it, or not any more. */
	put(bytes: Uint8Array): boolean {
		if (this.#length + bytes.length > MOST_BYTES) return false;
		this.#bytes ??= new Uint8Array(MOST_BYTES);
		this.#bytes.set(bytes, this.#length);
		this.#length += bytes.length;
		return true;
	}

	take(): Uint8Array | undefined {
		const bytes = this.#bytes?.subarray(0, this.#length);
		this.#bytes = undefined;
		this.#length = 0;
		return bytes;
	}
}
