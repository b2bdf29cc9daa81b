/** The release's number in the image: written once, checksums right again, and refused where it would break a signature. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeImage, readImage } from "../../hw/node/bundle/image.ts";
import { numberImage, RELEASE_MARK, readReleaseNumber } from "../../hw/node/bundle/release-number.ts";
import { concat, utf8 } from "../../src/base/bytes.ts";
import { isFault } from "../support/random.ts";
import { standInImage } from "../support/release.ts";

const BLANK = standInImage(1, 5000);

test("an image is numbered, again and again, and stays one that a bootloader takes", () => {
	assert.equal(readReleaseNumber(BLANK), 0);
	let image = BLANK;
	for (const number of [1, 255, 65_536, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER]) {
		image = numberImage(image, number);
		assert.equal(readReleaseNumber(image), number);
		assert.equal(readImage(image).length, BLANK.length);
		assert.equal(numberImage(image, number), image);
	}
	assert.deepEqual(numberImage(image, 0), BLANK);
	assert.deepEqual(new Uint8Array(numberImage(Buffer.from(BLANK), 7)), numberImage(BLANK, 7));
});

test("one without a place stays as it is; one with two is refused", () => {
	const plain = encodeImage(0, new Uint8Array(1000));
	assert.equal(readReleaseNumber(plain), undefined);
	assert.equal(numberImage(plain, 5), plain);
	const mark = concat(utf8(RELEASE_MARK), new Uint8Array(8));
	assert.throws(() => readReleaseNumber(encodeImage(0, concat(new Uint8Array(512), mark, mark))), isFault("ota.image"));
});

test("a signature behind the image is not broken: numbered first, then signed", () => {
	const signed = concat(numberImage(BLANK, 5), new Uint8Array(4096).fill(7));
	assert.equal(numberImage(signed, 5), signed);
	assert.throws(() => numberImage(signed, 6), isFault("ota.image"));
});
