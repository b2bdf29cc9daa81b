/**
 * Puts an application where the engine runs it, and takes it from there. The engine reads that area at power-up before
 * any of our code and does not survive nonsense in it; so it begins with the archive's header only while it is whole.
 */
import { createSha256 } from "#digest";
import { equal, hex } from "../base/bytes.ts";
import { Fault } from "../fault.ts";
import type { AppFlash, Half, Inspection } from "../port.ts";
import { SECTOR_BYTES } from "../update/writer.ts";

/** Written last: size and kind of the archive, and the beginning of its version. */
const HEADER_BYTES = 16;
/** And all of VERS and SIGN: the engine's mapping changes only what comes behind. */
const SIGNED_BYTES = 44;
/** Where the kind is, which alone is cleared: the engine does not survive every size. */
const KIND = 4;
const KIND_BYTES = 4;

/**
 * The copy in `half`, to where it runs. What is there afterwards is mapped at the next power-up. `digest`: what the copy had
 * when it was armed. Throws Fault ota.image when the copy is not a whole archive for this engine, ota.digest, ota.flash.
 */
export function place(
	flash: AppFlash,
	half: Half,
	inspect: (size: number) => Inspection,
	digest: string | null = null,
): void {
	const size = sizeOfArchive(flash, half);
	if (size < HEADER_BYTES || size > flash.bytes)
		throw new Fault("ota.image", `the copy says that it has ${size} bytes`);
	const inspection = inspect(size);
	for (let at = 0; at < size; at += SECTOR_BYTES)
		inspection.push(flash.read(half, at, Math.min(SECTOR_BYTES, size - at)));
	inspection.end();
	if (digest !== null && digestOfCopy(flash, half) !== digest)
		throw new Fault("ota.digest", `copy ${half} is not what was armed`);

	remove(flash);
	// From the end, so that the sector with the header is the last one.
	for (let at = size - 1 - ((size - 1) % SECTOR_BYTES); at >= 0; at -= SECTOR_BYTES) {
		const bytes = flash.read(half, at, SECTOR_BYTES);
		const from = at === 0 ? HEADER_BYTES : 0;
		flash.erase("run", at, SECTOR_BYTES);
		write(flash, at + from, bytes.subarray(from));
	}
	write(flash, 0, flash.read(half, 0, HEADER_BYTES));
}

/** SHA-256 of the archive in a copy, hex. */
export function digestOfCopy(flash: AppFlash, half: Half): string {
	const size = Math.min(sizeOfArchive(flash, half), flash.bytes);
	const sha256 = createSha256();
	for (let at = 0; at < size; at += SECTOR_BYTES) sha256.write(flash.read(half, at, Math.min(SECTOR_BYTES, size - at)));
	return hex(sha256.close());
}

/** Whether the area begins as the copy does. */
export function isPlaced(flash: AppFlash, half: Half): boolean {
	return equal(flash.read("run", 0, SIGNED_BYTES), flash.read(half, 0, SIGNED_BYTES));
}

/** From the next power-up on there is no application. Writes only where there is one. */
export function remove(flash: AppFlash): void {
	if (isArchive(flash.read("run", 0, HEADER_BYTES))) flash.write("run", KIND, new Uint8Array(KIND_BYTES));
}

function write(flash: AppFlash, at: number, bytes: Uint8Array): void {
	flash.write("run", at, bytes);
	if (equal(flash.read("run", at, bytes.length), bytes)) return;
	remove(flash);
	throw new Fault("ota.flash", `the application area does not keep what is written at ${at}`);
}

function isArchive(head: Uint8Array): boolean {
	return head[4] === 0x58 && head[5] === 0x53 && head[6] === 0x5f && head[7] === 0x41;
}

/** Bytes, as its header says; 0 for what is no archive. */
export function sizeOfArchive(flash: AppFlash, half: Half): number {
	const head = flash.read(half, 0, HEADER_BYTES);
	if (!isArchive(head)) return 0;
	return ((head[0]! << 24) | (head[1]! << 16) | (head[2]! << 8) | head[3]!) >>> 0;
}
