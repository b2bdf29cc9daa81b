/**
 * Puts an image into the slot that does not run, in order: each sector is erased and then written in pieces, the last of them
 * filled up with 0xff. Every 64 KiB, and after a restart at 0, the offset is handed out to be kept.
 *
 * Refuses, before a sector is erased for it, what the slot's inspection refuses, and any byte beyond the signed size. After
 * a resumed download there is no inspection here: update.ts inspects what it reads back.
 */
import { Fault } from "../fault.ts";
import type { Inspection, Slot } from "../port.ts";

/** Erase unit of ESP32 flash. */
export const SECTOR_BYTES = 4096;
/** Held at a time: a fourth of a sector is what a TLS record brings. */
export const PIECE_BYTES = 1024;
/** How often the offset is kept: 24 writes of the record for 1.5 MB. */
export const EDGE_BYTES = 65536;

export class SlotWriter {
	readonly #slot: Slot;
	readonly #size: number;
	readonly #keep: (offset: number) => void;
	readonly #piece = new Uint8Array(PIECE_BYTES);
	#inspection: Inspection | undefined;
	#filled = 0;
	/** Bytes in flash. */
	#offset: number;

	/** `offset`: a multiple of 64 KiB, or `size`. `keep`: called with each new offset worth keeping. */
	constructor(slot: Slot, size: number, offset: number, keep: (offset: number) => void) {
		this.#slot = slot;
		this.#size = size;
		this.#offset = offset;
		this.#keep = keep;
	}

	/** Bytes taken so far; the next ones belong there. */
	get offset(): number {
		return this.#offset + this.#filled;
	}

	/** From the beginning again: the server does not know Range. */
	restart(): void {
		this.#offset = 0;
		this.#filled = 0;
		this.#keep(0);
	}

	/** Throws Fault ota.length, ota.image, ota.secure-version, ota.flash. */
	write(bytes: Uint8Array): void {
		if (bytes.length > this.#size - this.offset)
			throw new Fault("ota.length", `more than the signed ${this.#size} bytes`);
		for (let at = 0; at < bytes.length; ) {
			const part = bytes.subarray(at, at + PIECE_BYTES - this.#filled);
			this.#piece.set(part, this.#filled);
			this.#filled += part.length;
			at += part.length;
			if (this.#filled === PIECE_BYTES || this.offset === this.#size) this.#flush();
		}
	}

	#flush(): void {
		const isFirst = this.#offset === 0;
		if (isFirst) this.#inspection = this.#slot.inspect(this.#size);
		this.#inspection?.push(this.#piece.subarray(0, this.#filled));
		if (this.offset === this.#size) this.#inspection?.end();
		if (isFirst) this.#slot.prepare();
		this.#piece.fill(0xff, this.#filled);
		if (this.#offset % SECTOR_BYTES === 0) this.#slot.erase(this.#offset, SECTOR_BYTES);
		this.#slot.write(this.#offset, this.#piece);
		this.#offset += this.#filled;
		this.#filled = 0;
		if (this.#offset % EDGE_BYTES === 0 && this.#offset < this.#size) this.#keep(this.#offset);
	}
}
