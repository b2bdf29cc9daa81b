/**
 * An ESP-IDF application image (esp_image_header_t, esp_image_segment_header_t; "App Image Format" in the ESP-IDF
 * programming guide): header, segments, checksum, appended SHA-256, as the bootloader reads them from a slot, where anything may
 * follow. What else a file must be to be packed, src/update/firmware.ts says.
 */
import { sha256 } from "#digest";
import { equal, hex } from "../../../src/base/bytes.ts";
import { Fault } from "../../../src/fault.ts";

export interface Image {
	readonly chipId: number;
	/** Of the image itself; a signature block may follow. */
	readonly length: number;
}

/** esp_chip_id_t by the name that stands first in a class. */
export const CHIP_IDS: Readonly<Record<string, number>> = Object.freeze({
	esp32: 0,
	esp32s2: 2,
	esp32c3: 5,
	esp32s3: 9,
	esp32c2: 12,
	esp32c6: 13,
	esp32h2: 16,
	esp32p4: 18,
	esp32c5: 23,
	esp32c61: 20,
});

/** Throws Fault ota.image, which says what is wrong. */
export function readImage(bytes: Uint8Array): Image {
	if (bytes.length < HEADER_BYTES || bytes[0] !== 0xe9)
		throw refused(`does not begin with 0xe9 (got ${hex(bytes.subarray(0, 4)) || "nothing"})`);
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	const segments = bytes[1]!;
	if (segments < 1 || segments > 16) throw refused(`${segments} segments, expected 1 to 16`);
	let at = HEADER_BYTES;
	let checksum = 0xef;
	for (let n = 0; n < segments; n++) {
		if (at + 8 > bytes.length) throw refused(`ends in segment ${n}`);
		const length = view.getUint32(at + 4, true);
		at += 8;
		if (length > bytes.length - at) throw refused(`ends in segment ${n}: it is cut`);
		for (const end = at + length; at < end; at++) checksum ^= bytes[at]!;
	}
	at |= 15;
	if (bytes[at] !== checksum) throw refused("its checksum is wrong");
	at += 1;
	if (bytes[23] === 1) {
		if (!equal(bytes.subarray(at, at + 32), sha256(bytes.subarray(0, at))))
			throw refused("its appended SHA-256 is wrong");
		at += 32;
	}
	return { chipId: view.getUint16(12, true), length: at };
}

export function isImage(bytes: Uint8Array): boolean {
	try {
		readImage(bytes);
		return true;
	} catch {
		return false;
	}
}

/** Of the application descriptor of an image that begins so (CONFIG_BOOTLOADER_APP_SECURE_VERSION). */
export function secureVersionOf(image: Uint8Array): number {
	if (image.length < SECURE_VERSION_AT + 4) return 0;
	return new DataView(image.buffer, image.byteOffset).getUint32(SECURE_VERSION_AT, true);
}

/** An image of one segment, whose first bytes become an application descriptor's: a stand-in where no real one is at hand. */
export function encodeImage(chipId: number, segment: Uint8Array): Uint8Array {
	const checked = (HEADER_BYTES + 8 + segment.length) | 15;
	const bytes = new Uint8Array(checked + 1 + 32);
	const view = new DataView(bytes.buffer);
	bytes[0] = 0xe9;
	bytes[1] = 1;
	view.setUint16(12, chipId, true);
	bytes[23] = 1;
	view.setUint32(HEADER_BYTES, 0x3f400020, true);
	view.setUint32(HEADER_BYTES + 4, segment.length, true);
	bytes.set(segment, HEADER_BYTES + 8);
	view.setUint32(HEADER_BYTES + 8, APP_DESCRIPTOR, true);
	bytes[checked] = bytes.subarray(HEADER_BYTES + 8, checked).reduce((sum, byte) => sum ^ byte, 0xef);
	bytes.set(sha256(bytes.subarray(0, checked + 1)), checked + 1);
	return bytes;
}

const HEADER_BYTES = 24;
/** esp_app_desc_t's magic word. */
const APP_DESCRIPTOR = 0xabcd5432;
/** Of the descriptor that begins the first segment, the second word. */
const SECURE_VERSION_AT = HEADER_BYTES + 8 + 4;

function refused(what: string): Fault {
	return new Fault("ota.image", `not an ESP-IDF application image: ${what}`);
}
