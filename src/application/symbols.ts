/** The symbols of an archive: count, names that end in NUL. The engine keeps in RAM all that it does not have already. */

/** The engine's scratch, which a symbol and its NUL must fit. */
const SYMBOL_BYTES = 1024;
/** An application of 128 KB has some 1,500 symbols in 15 KB. */
const MAX_SYMBOLS = 4096;
const MAX_BYTES = 32 * 1024;

export class SymbolWalk {
	/** Bytes taken. */
	#at = 0;
	#left = 0;
	#symbolBytes = 0;
	count = 0;

	/** Gives what is wrong with the next bytes: then there is no going on. */
	read(bytes: Uint8Array): string | undefined {
		for (const byte of bytes) {
			if (this.#at < 2) {
				this.count |= byte << (8 * this.#at++);
				this.#left = this.count;
				if (this.count > MAX_SYMBOLS) return `more than ${MAX_SYMBOLS} symbols`;
				continue;
			}
			if (this.#left === 0) return `more than its ${this.count} symbols`;
			if (++this.#at > MAX_BYTES) return `more than ${MAX_BYTES} bytes`;
			if (++this.#symbolBytes > SYMBOL_BYTES) return `a symbol of ${SYMBOL_BYTES} bytes or more`;
			if (byte !== 0) continue;
			this.#symbolBytes = 0;
			this.#left--;
		}
		return undefined;
	}

	get isComplete(): boolean {
		return this.#left === 0;
	}
}
