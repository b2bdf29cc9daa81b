/**
 * Two slots of flash in memory under the bootloader of hw/node/bootloader.ts. They outlive the boot, the Power does not:
 * it may be cut before, in the middle of and after every erase and write, and before and after every change of otadata.
 */
import { BLANK, bootSlot, type Medium, type Otadata } from "../../hw/node/bootloader.ts";
import { isImage } from "../../hw/node/bundle/image.ts";
import { readReleaseNumber } from "../../hw/node/bundle/release-number.ts";
import { equal } from "../../src/base/bytes.ts";
import type { Clock, Slot } from "../../src/port.ts";
import { type Power, PowerCut } from "./power.ts";

export class FakeSlots {
	static readonly BYTES = 0x60000;
	readonly flash: readonly [Uint8Array, Uint8Array];
	otadata: Otadata = BLANK;
	/** Erases, writes and changes of otadata that took effect. */
	changes = 0;

	/** `first`: the image flashed by cable. */
	constructor(first: Uint8Array) {
		const blank = (): Uint8Array => new Uint8Array(FakeSlots.BYTES).fill(0xff);
		this.flash = [blank(), blank()];
		this.flash[0].set(first);
	}

	copy(): FakeSlots {
		const copy = new FakeSlots(this.flash[0]);
		copy.flash[1].set(this.flash[1]);
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
			sequence: (slot) => readReleaseNumber(this.flash[slot as 0 | 1]) ?? 0,
			guard: (seconds) => clock.after(seconds * 1000, restart),
		});
	}

	holds(slot: string, image: Uint8Array): boolean {
		return equal(this.flash[slot === "ota_0" ? 0 : 1].subarray(0, image.length), image);
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
		const flash = (slot: number): Uint8Array => this.flash[slot as 0 | 1];
		return {
			read: (slot, offset, length) => {
				if (!power.on) throw new PowerCut("no power for a read");
				return flash(slot).slice(offset, offset + length);
			},
			write: (slot, offset, bytes) => {
				const put = (length: number) => () => flash(slot).set(bytes.subarray(0, length), offset);
				change(`write ${offset}`, [put(bytes.length >> 1), put(bytes.length)]);
			},
			erase: (slot, offset, length) => {
				const wipe = (n: number) => () => void flash(slot).fill(0xff, offset, offset + n);
				change(`erase ${offset}`, [wipe(length >> 1), wipe(length)]);
			},
			verify: (slot) => {
				if (!power.on) throw new PowerCut("no power to verify");
				return isImage(flash(slot));
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
