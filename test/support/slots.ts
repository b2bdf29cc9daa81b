/**
 * Two slots of flash in memory under the bootloader of hw/node/bootloader.ts. They outlive the boot, the Power does not:
 * it may be cut before, in the middle of and after every erase and write, and before and after every change of otadata.
 */
import { BLANK, bootSlot, type Medium, type Otadata } from "../../hw/node/bootloader.ts";
import { isImage } from "../../hw/node/bundle/image.ts";
import { readReleaseNumber } from "../../hw/node/bundle/release-number.ts";
import type { Clock, Slot } from "../../src/port.ts";
import { type Power, PowerCut } from "./power.ts";

interface Found {
	readonly isImage: boolean;
	readonly sequence: number;
}

export class FakeSlots {
	static readonly BYTES = 0x60000;
	readonly #flash: readonly [Uint8Array, Uint8Array];
	/** What the bootloader reads in a whole slot, until that changes. */
	readonly #found: [Found?, Found?] = [];
	otadata: Otadata = BLANK;
	/** Erases, writes and changes of otadata that took effect. */
	changes = 0;

	/** `first`: the image flashed by cable. */
	constructor(first: Uint8Array) {
		const blank = (): Uint8Array => new Uint8Array(FakeSlots.BYTES).fill(0xff);
		this.#flash = [blank(), blank()];
		this.#flash[0].set(first);
	}

	/** Whoever asks for it may change it. */
	get flash(): readonly [Uint8Array, Uint8Array] {
		this.#found.length = 0;
		return this.#flash;
	}

	copy(): FakeSlots {
		const copy = new FakeSlots(this.#flash[0]);
		copy.#flash[1].set(this.#flash[1]);
		copy.otadata = this.otadata;
		return copy;
	}

	/** The bootloader runs; a restart cuts this power. */
	boot(power: Power, clock: Clock, rollback = true): Slot {
		const restart = (): void => power.cut("restart");
		return bootSlot(this.#medium(power), {
			bytes: FakeSlots.BYTES,
			chipId: 0,
			rollback,
			restart,
			sequence: (slot) => this.#find(slot).sequence,
			guard: (seconds) => clock.after(seconds * 1000, restart),
		});
	}

	holds(slot: string, image: Uint8Array): boolean {
		return Buffer.compare(this.#flash[slot === "ota_0" ? 0 : 1].subarray(0, image.length), image) === 0;
	}

	#find(slot: number): Found {
		const bytes = this.#flash[slot as 0 | 1];
		this.#found[slot] ??= { isImage: isImage(bytes), sequence: readReleaseNumber(bytes) ?? 0 };
		return this.#found[slot];
	}

	#medium(power: Power): Medium {
		const change = (what: string, steps: readonly (() => void)[]): void => {
			power.point(`before ${what}`);
			for (const [i, step] of steps.entries()) {
				step();
				if (i < steps.length - 1) power.point(`during ${what}`);
			}
			this.changes++;
			power.point(`after ${what}`);
		};
		const flash = (slot: number): Uint8Array => this.#flash[slot as 0 | 1];
		const changing = (slot: number): Uint8Array => {
			this.#found[slot] = undefined;
			return flash(slot);
		};
		return {
			read: (slot, offset, length) => {
				if (!power.on) throw new PowerCut("no power for a read");
				return flash(slot).slice(offset, offset + length);
			},
			write: (slot, offset, bytes) => {
				const put = (length: number) => () => changing(slot).set(bytes.subarray(0, length), offset);
				change(`write ${offset}`, [put(bytes.length >> 1), put(bytes.length)]);
			},
			erase: (slot, offset, length) => {
				const wipe = (n: number) => () => void changing(slot).fill(0xff, offset, offset + n);
				change(`erase ${offset}`, [wipe(length >> 1), wipe(length)]);
			},
			verify: (slot) => {
				if (!power.on) throw new PowerCut("no power to verify");
				return this.#find(slot).isImage;
			},
			readOtadata: () => this.otadata,
			writeOtadata: (otadata) => {
				const before = this.otadata;
				const put = (entries: Otadata) => () => {
					this.otadata = entries;
				};
				const erased = otadata.map((entry, i) => (entry === before[i] ? entry : null)) as unknown as Otadata;
				change(`otadata ${otadata.map((entry) => entry?.state ?? "-").join()}`, [put(erased), put(otadata)]);
			},
		};
	}
}
