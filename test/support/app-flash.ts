/**
 * Flash of the application in memory: it outlives the boot, the Power does not. Power may go before, in the middle of and
 * after every erase and write, and after each byte of a header. A write over data is a bug of who writes: it throws.
 */
import { Fault } from "../../src/fault.ts";
import type { AppFlash, Half } from "../../src/port.ts";
import { SECTOR_BYTES } from "../../src/update/writer.ts";
import { type Power, PowerCut } from "./power.ts";

export type Area = Half | "run";

/** Shorter writes may end after each of their bytes. */
const HEADER_BYTES = 16;

export class FakeAppFlash {
	static readonly BYTES = 0x6000;
	readonly areas: Readonly<Record<Area, Uint8Array>>;
	/** Erases and writes that took effect. */
	changes = 0;
	/** An offset in `run` whose byte is worn out: it is 0 for ever. */
	worn: number | undefined;

	readonly #bytes: number;

	constructor(bytes = FakeAppFlash.BYTES) {
		const blank = () => new Uint8Array(bytes).fill(0xff);
		this.#bytes = bytes;
		this.areas = { 0: blank(), 1: blank(), run: blank() };
	}

	copy(): FakeAppFlash {
		const copy = new FakeAppFlash(this.#bytes);
		for (const area of [0, 1, "run"] as const) copy.areas[area].set(this.areas[area]);
		return copy;
	}

	/** As one boot sees it. `fails`: asked before every change. */
	powered(power: Power, fails: (what: string) => boolean = () => false): AppFlash {
		const at = (area: Area, offset: number, length: number): Uint8Array => {
			if (!power.on) throw new PowerCut("no power for the application's flash");
			if (offset < 0 || offset + length > this.#bytes) throw new Fault("ota.flash", "outside the flash");
			return this.areas[area].subarray(offset, offset + length);
		};
		const change = (what: string, length: number, step: (until: number) => void): void => {
			if (fails(what)) throw new Fault("ota.flash", `${what} failed`);
			power.point(`before ${what}`);
			for (const until of torn(length)) {
				step(until);
				power.point(`during ${what}, ${until} bytes done`);
			}
			step(length);
			if (this.worn !== undefined) this.areas.run[this.worn] = 0;
			this.changes++;
			power.point(`after ${what}`);
		};
		const worn = (): number | undefined => this.worn;
		return {
			bytes: this.#bytes,
			read: (area, offset, length) => at(area, offset, length).slice(),
			erase(area, offset, length) {
				if (offset % SECTOR_BYTES !== 0 || length % SECTOR_BYTES !== 0) throw new Error("erase is not aligned");
				const flash = at(area, offset, length);
				change(`erase ${area} ${offset}`, length, (until) => flash.fill(0xff, 0, until));
			},
			write(area, offset, bytes) {
				const flash = at(area, offset, bytes.length);
				const isOver = (byte: number, i: number): boolean => byte !== 0 && flash[i] !== 0xff && offset + i !== worn();
				if (bytes.some(isOver)) throw new Error(`write over ${area} ${offset}`);
				change(`write ${area} ${offset}`, bytes.length, (until) => flash.set(bytes.subarray(0, until)));
			},
		};
	}
}

function torn(length: number): number[] {
	if (length > HEADER_BYTES) return [length >> 1];
	return Array.from({ length: Math.max(0, length - 1) }, (_, i) => i + 1);
}
