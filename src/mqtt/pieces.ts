import { utf8 } from "../base/bytes.ts";

/** What mqtt-packet writes into: pieces that are put together once, where its own `generate` measures each of them twice. */
export class Pieces {
	readonly #pieces: Uint8Array[] = [];
	#length = 0;

	write(piece: Uint8Array | string): boolean {
		const bytes = typeof piece === "string" ? utf8(piece) : piece;
		this.#pieces.push(bytes);
		this.#length += bytes.length;
		return true;
	}

	/** The library's way to refuse. */
	destroy(error: Error): void {
		throw error;
	}

	whole(): Uint8Array {
		const whole = new Uint8Array(this.#length);
		let at = 0;
		for (const piece of this.#pieces) {
			whole.set(piece, at);
			at += piece.length;
		}
		return whole;
	}
}
