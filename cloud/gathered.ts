/** Bytes that come in pieces, gathered in memory that doubles. A list of the pieces would take a hundred times what comes byte by byte. */
const LEAST_BYTES = 8;
const NOTHING: Buffer = Buffer.alloc(0);

export class Gathered {
	/** Of all that will come, if that is known: no more memory is taken. */
	most = Number.POSITIVE_INFINITY;
	#memory = NOTHING;
	#length = 0;

	/** A view of them, good until more come. */
	get bytes(): Buffer {
		return this.#memory.subarray(0, this.#length);
	}

	get length(): number {
		return this.#length;
	}

	add(piece: Uint8Array): void {
		const length = this.#length + piece.length;
		if (length > this.#memory.length) {
			const larger = Buffer.allocUnsafe(Math.max(length, Math.min(this.most, Math.max(2 * this.#length, LEAST_BYTES))));
			this.#memory.copy(larger, 0, 0, this.#length);
			this.#memory = larger;
		}
		this.#memory.set(piece, this.#length);
		this.#length = length;
	}
}
