/**
 * The release's number in a firmware image itself: eight bytes, little endian, behind a mark that native/slot.c leaves in its
 * constants. The device reads it from the image that runs, so its floor does not rest on NVS alone.
 */
import { sha256 } from "#digest";
import { Fault } from "../../../src/fault.ts";
import { readImage } from "./image.ts";

/** As native/slot.c has it, without its NUL. */
export const RELEASE_MARK = "ENROLLEE RELEASE";
export const RELEASE_BYTES = 8;
const DIGEST_BYTES = 32;

/** 0: not numbered yet; undefined: the image has no place for it. Throws Fault ota.image where there are two. */
export function readReleaseNumber(image: Uint8Array): number | undefined {
	const at = placeOf(image);
	if (at === undefined) return undefined;
	const number = Number(viewOf(image).getBigUint64(at, true));
	if (!Number.isSafeInteger(number)) throw new Fault("ota.image", "its release number is no number");
	return number;
}

/**
 * The image with this number, its checksum and its SHA-256 right again; the same image where it has that number, or no place
 * for one. Throws Fault ota.image where a signature behind the image would be broken.
 */
export function numberImage(image: Uint8Array, sequence: number): Uint8Array {
	const at = placeOf(image);
	if (at === undefined || readReleaseNumber(image) === sequence) return image;
	const { length } = readImage(image);
	if (image.length > length)
		throw new Fault(
			"ota.image",
			`signed, but not as release ${sequence}: pack it unsigned, which numbers it, then sign it and pack it again`,
		);
	// Not slice(): a Buffer's shares its memory.
	const numbered = Uint8Array.from(image);
	viewOf(numbered).setBigUint64(at, BigInt(sequence), true);
	const isHashed = image[23] === 1;
	const checked = length - (isHashed ? DIGEST_BYTES : 0);
	for (let i = at; i < at + RELEASE_BYTES; i++) numbered[checked - 1]! ^= image[i]! ^ numbered[i]!;
	if (isHashed) numbered.set(sha256(numbered.subarray(0, checked)), checked);
	return numbered;
}

function placeOf(image: Uint8Array): number | undefined {
	const found = Buffer.from(image.buffer, image.byteOffset, image.length);
	const at = found.indexOf(RELEASE_MARK);
	if (at < 0 || at + RELEASE_MARK.length + RELEASE_BYTES > image.length) return undefined;
	if (found.includes(RELEASE_MARK, at + 1)) throw new Fault("ota.image", "two places for the release's number");
	return at + RELEASE_MARK.length;
}

function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
