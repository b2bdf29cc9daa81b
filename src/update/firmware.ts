/**
 * What a device can tell about a firmware image without keeping it: ESP-IDF's esp_image_header_t, its segments and the
 * application descriptor ("App Image Format" in its programming guide). The platform checks the rest when the image is armed.
 *
 * Refused with Fault ota.secure-version: what the chip's eFuse would not let start, or never let be confirmed. With ota.image: what is no application (a bootloader, a merged factory image), is for another chip, is cut, or is
 * followed by anything but a signature block (Secure Boot V1: 68 bytes; V2: a sector of its own, 0xff before it). A bootloader would refuse them
 * too, after the fleet has downloaded them.
 */
import { Fault } from "../fault.ts";
import type { Inspection, Slot } from "../port.ts";

const HEADER_BYTES = 24;
const SEGMENT_BYTES = 8;
const MAGIC = 0xe9;
/** esp_app_desc_t begins the first segment: its magic word, then secure_version. */
const APP_DESCRIPTOR = 0xabcd5432;
const DESCRIPTOR_HEAD_BYTES = 8;
const SHA256_BYTES = 32;
const MOST_SEGMENTS = 16;
const SECTOR_BYTES = 4096;
/** A small device holds no sector of it. */
const MOST_PADDING_AT_ONCE = 64;
const SIGNATURE_V1_BYTES = 68;
const SIGNATURE_V2_MAGIC = 0xe7;

export type AntiRollback = NonNullable<Slot["antiRollback"]>;

/** `chipId`: esp_chip_id_t; `size`: of all that will be pushed; `antiRollback`: of the chip, where that is in use. */
export const inspectFirmware = (chipId: number, size: number, antiRollback?: AntiRollback): Inspection =>
	new FirmwareInspection(chipId, size, antiRollback);

class FirmwareInspection implements Inspection {
	readonly #chipId: number;
	readonly #size: number;
	readonly #antiRollback: AntiRollback | undefined;
	/** What is looked at next, and the bytes of it that have come. */
	#from = 0;
	#bytes = new Uint8Array(HEADER_BYTES + SEGMENT_BYTES + DESCRIPTOR_HEAD_BYTES);
	#filled = 0;
	#read: (() => void) | undefined = () => this.#readHeader();
	#pushed = 0;
	#segmentsLeft = 0;
	#hashBytes = 0;

	constructor(chipId: number, size: number, antiRollback: AntiRollback | undefined) {
		this.#chipId = chipId;
		this.#size = size;
		this.#antiRollback = antiRollback;
	}

	push(bytes: Uint8Array): void {
		const start = this.#pushed;
		this.#pushed += bytes.length;
		while (this.#read) {
			const at = this.#from + this.#filled - start;
			const part = bytes.subarray(at, at + this.#bytes.length - this.#filled);
			this.#bytes.set(part, this.#filled);
			this.#filled += part.length;
			if (this.#filled < this.#bytes.length) return;
			this.#read();
		}
	}

	end(): void {
		if (this.#read) throw refused(this.#from === 0 ? "shorter than its header" : "it is cut");
	}

	#expect(from: number, length: number, read: () => void): void {
		if (from + length > this.#size) throw refused(`it is cut: ${from + length} bytes at least, of ${this.#size}`);
		this.#from = from;
		this.#bytes = new Uint8Array(length);
		this.#filled = 0;
		this.#read = read;
	}

	#u16(at: number): number {
		return this.#bytes[at]! | (this.#bytes[at + 1]! << 8);
	}

	#u32(at: number): number {
		return this.#u16(at) + this.#u16(at + 2) * 0x10000;
	}

	#readHeader(): void {
		if (this.#bytes[0] !== MAGIC) throw refused("does not begin with 0xe9");
		const chipId = this.#u16(12);
		if (chipId !== this.#chipId) throw new Fault("ota.image", `for chip id ${chipId}, expected ${this.#chipId}`);
		const [least, most] = [this.#u16(15), this.#u16(17)];
		if (most !== 0 && most !== 0xffff && least > most)
			throw refused(`for chip revisions ${least} to ${most}, which are none`);
		const segments = this.#bytes[1]!;
		if (segments < 1 || segments > MOST_SEGMENTS) throw refused(`${segments} segments, expected 1 to ${MOST_SEGMENTS}`);
		const length = this.#u32(HEADER_BYTES + 4);
		if (this.#u32(HEADER_BYTES + SEGMENT_BYTES) !== APP_DESCRIPTOR || length < DESCRIPTOR_HEAD_BYTES)
			throw refused("no application descriptor: a bootloader, or a merged image? Take the application's own .bin");
		this.#checkVersion(this.#u32(HEADER_BYTES + SEGMENT_BYTES + 4));
		this.#segmentsLeft = segments;
		this.#hashBytes = this.#bytes[23] === 1 ? SHA256_BYTES : 0;
		this.#follow(HEADER_BYTES, length);
	}

	#checkVersion(secureVersion: number): void {
		if (!this.#antiRollback) return;
		const { version, most } = this.#antiRollback;
		if (secureVersion < version || secureVersion > most)
			throw new Fault("ota.secure-version", `${secureVersion}, the chip takes ${version} to ${most}`);
	}

	/** A segment's header is at `header`; the next one, or the end, comes after its `length` bytes. */
	#follow(header: number, length: number): void {
		const next = header + SEGMENT_BYTES + length;
		if (--this.#segmentsLeft > 0) this.#expect(next, SEGMENT_BYTES, () => this.#follow(next, this.#u32(4)));
		// The checksum is the last byte of a block of 16.
		else this.#checkRest(Math.floor(next / 16) * 16 + 16 + this.#hashBytes);
	}

	#checkRest(end: number): void {
		const left = this.#size - end;
		if (left < 0) throw refused(`it is cut: ${end} bytes, of ${this.#size}`);
		this.#read = undefined;
		if (left === 0) return;
		const sector = Math.ceil(end / SECTOR_BYTES) * SECTOR_BYTES;
		const junk = refused(`${left} bytes behind its end that are no signature block`);
		const check = (isSignature: () => boolean) => () => {
			if (!isSignature()) throw junk;
			this.#read = undefined;
		};
		const signatureV2 = check(() => this.#bytes[0] === SIGNATURE_V2_MAGIC && [2, 3].includes(this.#bytes[1]!));
		// espsecure fills the image's last sector with 0xff.
		const padding = (from: number): void => {
			const length = Math.min(sector - from, MOST_PADDING_AT_ONCE);
			if (length === 0) this.#expect(sector, 2, signatureV2);
			else
				this.#expect(from, length, () => {
					if (this.#bytes.some((byte) => byte !== 0xff)) throw junk;
					padding(from + length);
				});
		};
		if (this.#size === sector + SECTOR_BYTES) padding(end);
		else if (left === SIGNATURE_V1_BYTES)
			this.#expect(
				end,
				4,
				check(() => this.#u32(0) === 0),
			);
		else throw junk;
	}
}

function refused(what: string): Fault {
	return new Fault("ota.image", `not an ESP-IDF application image: ${what}`);
}
