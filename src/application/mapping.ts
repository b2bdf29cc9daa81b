/**
 * Whether the area where the application runs is what the engine makes of a staged copy. The engine maps the copy once
 * more; what it would write is compared here instead of written, and what it leaves alone must be as in the copy.
 *
 * An archive that a power cut left half mapped looks finished to the engine itself: it writes the table that it judges by
 * first, the code after it.
 */
import { equal } from "../base/bytes.ts";
import type { AppFlash, Half } from "../port.ts";
import { SECTOR_BYTES } from "../update/writer.ts";
import { sizeOfArchive } from "./placement.ts";

export class MappingCheck {
	readonly #flash: AppFlash;
	readonly #half: Half;
	/** Everything before it has been compared. */
	#seen = 0;
	#isSame = true;

	constructor(flash: AppFlash, half: Half) {
		this.#flash = flash;
		this.#half = half;
	}

	/** What the engine reads: of the copy. */
	read(offset: number, length: number): Uint8Array {
		return this.#flash.read(this.#half, offset, length);
	}

	/** What the engine would write, in ascending order. */
	write(offset: number, bytes: Uint8Array): void {
		this.#compareCopy(offset);
		this.#compare(offset, bytes);
	}

	/** The engine has taken the whole archive. */
	isMapped(): boolean {
		this.#compareCopy(sizeOfArchive(this.#flash, this.#half));
		return this.#isSame && this.#seen > 0;
	}

	#compareCopy(until: number): void {
		while (this.#isSame && this.#seen < until) {
			const length = Math.min(SECTOR_BYTES, until - this.#seen);
			this.#compare(this.#seen, this.read(this.#seen, length));
		}
	}

	#compare(offset: number, expected: Uint8Array): void {
		if (!this.#isSame) return;
		const fits = offset === this.#seen && offset + expected.length <= this.#flash.bytes;
		this.#isSame = fits && equal(this.#flash.read("run", offset, expected.length), expected);
		this.#seen = offset + expected.length;
	}
}
