/** Firmware images as a device sees them pass: what a bootloader would not start is refused, in pieces of any size. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeImage, readImage, secureVersionOf } from "../../hw/node/bundle/image.ts";
import { concat } from "../../src/base/bytes.ts";
import { type AntiRollback, inspectFirmware } from "../../src/update/firmware.ts";
import { mutations } from "../support/mutate.ts";
import { isFault } from "../support/random.ts";

const CHIP = 5;

function inspect(image: Uint8Array, piece = 4096, size = image.length, antiRollback?: AntiRollback): void {
	const inspection = inspectFirmware(CHIP, size, antiRollback);
	for (let at = 0; at < image.length; at += piece) inspection.push(image.subarray(at, at + piece));
	inspection.end();
}

/** Segments as given, an application descriptor in the first. */
function imageOf(segments: readonly number[], hash = true): Uint8Array {
	const bodies = segments.map((length, n) => {
		const body = new Uint8Array(8 + length).fill(n + 1);
		new DataView(body.buffer).setUint32(4, length, true);
		return body;
	});
	const header = new Uint8Array(24);
	header.set([0xe9, segments.length]);
	header[12] = CHIP;
	header[23] = hash ? 1 : 0;
	const image = concat(header, ...bodies);
	new DataView(image.buffer).setUint32(32, 0xabcd5432, true);
	return concat(image, new Uint8Array(16 - (image.length % 16)), new Uint8Array(hash ? 32 : 0));
}

const changed = (image: Uint8Array, at: number, ...bytes: number[]): Uint8Array => {
	const copy = image.slice();
	copy.set(bytes, at);
	return copy;
};
const sector = (image: Uint8Array, ...head: number[]): Uint8Array => {
	const signature = new Uint8Array(4096);
	signature.set(head);
	return concat(image, new Uint8Array(-image.length & 4095).fill(0xff), signature);
};

test("images of any number of segments, with and without digest and signature block", () => {
	for (const segments of [
		[8],
		[300],
		[20_000, 8, 4],
		[8, 0, 70_000, 16, 3].map((n) => n + 4),
		Array(16).fill(12) as number[],
	])
		for (const hash of [true, false]) {
			const image = imageOf(segments, hash);
			for (const piece of [1, 7, 4096, image.length]) inspect(image, piece);
			inspect(sector(image, 0xe7, 2));
			inspect(sector(image, 0xe7, 3));
			inspect(concat(image, new Uint8Array(68)));
		}
});

test("what ESP-IDF's bootloader would not start", () => {
	const image = imageOf([20_000, 400, 4]);
	for (const [what, bytes, said] of [
		["a bootloader: no application descriptor", changed(image, 32, 0x50, 0, 0, 0), /no application descriptor/],
		[
			"a merged image: bootloader first, tables and application behind",
			concat(changed(image, 32, 0, 0), image),
			/descriptor/,
		],
		["an application with junk behind it", concat(image, new Uint8Array(100)), /100 bytes behind its end/],
		["an application with another behind it", concat(image, image), /behind its end/],
		["a sector behind it that is no signature", sector(image, 0xff, 0xff), /no signature block/],
		["a signature with something before it", changed(sector(image, 0xe7, 2), image.length, 0), /no signature block/],
		["a signature with something close before it", changed(sector(image, 0xe7, 2), 24_575, 0xfe), /no signature block/],
		["68 bytes behind it that are no signature", concat(image, new Uint8Array(68).fill(1)), /no signature block/],
		["an application that is cut", image.subarray(0, 10_000), /cut/],
		["an application that lacks its last byte", image.subarray(0, -1), /cut/],
		["another chip's", changed(image, 12, 9), /chip id 9, expected 5/],
		["revisions that are none", changed(image, 15, 100, 0, 99, 0), /revisions 100 to 99/],
		["a first segment with no room for a descriptor", changed(image, 28, 4, 0), /no application descriptor/],
		["no segment", changed(image, 1, 0), /0 segments/],
		["too many segments", changed(image, 1, 17), /17 segments/],
		["a segment beyond the end", changed(image, 28, 0xff, 0xff, 0xff, 0x7f), /cut/],
		["a page of HTML", new Uint8Array(5000).fill(0x3c), /0xe9/],
		["erased flash", new Uint8Array(5000).fill(0xff), /0xe9/],
		["nothing", new Uint8Array(0), /shorter than its header/],
	] as const)
		for (const piece of [1, 4096])
			assert.throws(
				() => inspect(bytes, piece),
				(thrown) => isFault("ota.image")(thrown) && said.test((thrown as Error).message),
				what,
			);
});

test("a secure_version below the chip's eFuse, or one that it has no bits for", () => {
	for (const [secureVersion, isTaken] of [
		[0, false],
		[2, false],
		[3, true],
		[16, true],
		[17, false],
		[0xffffffff, false],
	] as const) {
		const image = imageOf([20_000, 400]);
		new DataView(image.buffer).setUint32(36, secureVersion, true);
		assert.equal(secureVersionOf(image), secureVersion);
		for (const piece of [1, 4096]) {
			inspect(image, piece);
			const look = (): void => inspect(image, piece, image.length, { version: 3, most: 16 });
			if (isTaken) look();
			else assert.throws(look, isFault("ota.secure-version"));
		}
		if (!isTaken)
			assert.throws(
				() => inspectFirmware(CHIP, image.length, { version: 3, most: 16 }).push(image.subarray(0, 40)),
				isFault("ota.secure-version"),
				"before a sector is erased",
			);
	}
});

test("the first sector says all that can be said before a sector is erased", () => {
	const image = imageOf([20_000, 400]);
	for (const bad of [changed(image, 32, 0), changed(image, 12, 9), changed(image, 0, 0)])
		assert.throws(() => inspectFirmware(CHIP, bad.length).push(bad.subarray(0, 4096)), isFault("ota.image"));
	// What was announced is not what comes.
	assert.throws(() => inspect(image, 4096, 10_000), isFault("ota.image"));
});

test("mutated images are refused, or sound", () => {
	const image = encodeImage(CHIP, new Uint8Array(60).fill(3));
	assert.deepEqual(readImage(image), { chipId: CHIP, length: image.length });
	for (const spoiled of mutations(image, 2000)) {
		try {
			inspect(spoiled, 16);
		} catch (thrown) {
			assert.ok(isFault("ota.image")(thrown), String(thrown));
		}
	}
});
