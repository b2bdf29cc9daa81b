/** Bytes that have come, and how far they are read; once they are, they are no longer held. */
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
		const byte = this.#bytes[this.#at]!;
		this.#advance(1);
		return byte;
	}

	/** At most so many, as a view. */
	take(most: number): Uint8Array {
		const taken = this.#bytes.subarray(this.#at, this.#at + most);
		this.#advance(taken.length);
		return taken;
	}

	#advance(count: number): void {
		this.#at += count;
		if (this.isEmpty) this.put(NONE);
	}
}
