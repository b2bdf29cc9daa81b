/** Bytes that have come, and how far they are read. */
const NONE = new Uint8Array(0);

export class Input {
	#bytes: Uint8Array = NONE;
	#at = 0;

	/** In place of what was there. */
	put(bytes: Uint8Array): void {
		this.#bytes = bytes;
		this.#at = 0;
	}

	get isEmpty(): boolean {
		return this.#at >= this.#bytes.length;
	}

	/** The next one, where there is one. */
	byte(): number {
		return this.#bytes[this.#at++]!;
	}

	/** At most so many, as a view. */
	take(most: number): Uint8Array {
		const taken = this.#bytes.subarray(this.#at, this.#at + most);
		this.#at += taken.length;
		return taken;
	}
}
