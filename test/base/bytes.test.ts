/** src/base/bytes.ts against Node's own encoders, which it cannot use on a device. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { base64, concat, equal, fromBase64, fromHex, hex, utf8, utf8Text } from "../../src/base/bytes.ts";

test("hex and base64 agree with Buffer at every length to 70", () => {
	for (let length = 0; length <= 70; length++) {
		const bytes = new Uint8Array(randomBytes(length));
		assert.equal(hex(bytes), Buffer.from(bytes).toString("hex"));
		assert.equal(base64(bytes), Buffer.from(bytes).toString("base64"));
		assert.deepEqual(fromHex(hex(bytes)), bytes);
		assert.deepEqual(fromBase64(base64(bytes)), bytes);
	}
});

test("UTF-8 agrees with TextEncoder and TextDecoder", () => {
	for (const text of [
		"",
		"abc",
		"äöü€",
		"\u{10348}\u{10ffff}",
		"\u0000\u007f\u0080\u07ff\u0800\uffff",
		"lone \ud800 half",
	]) {
		const bytes = utf8(text);
		assert.deepEqual(bytes, new TextEncoder().encode(text));
		assert.equal(utf8Text(bytes), new TextDecoder().decode(bytes));
	}
});

test("UTF-8 of long texts agrees wherever a piece may end", () => {
	for (const unit of ["a", "é", "€", "\u{10348}", "\ud800", "\udc00"])
		for (let before = 250; before < 262; before++) {
			const text = `${"x".repeat(before)}${unit.repeat(300)}${"y".repeat(before)}`;
			const bytes = utf8(text);
			assert.deepEqual(Buffer.from(bytes), Buffer.from(text, "utf8"));
			assert.equal(utf8Text(bytes), Buffer.from(text, "utf8").toString("utf8"));
		}
});

test("every 3-byte UTF-8 prefix is taken or refused as TextDecoder does", () => {
	const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
	const edges = [
		0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff,
	];
	for (const a of edges)
		for (const b of edges)
			for (const c of edges)
				for (const d of [0x41, 0x80, 0xbf]) {
					const bytes = Uint8Array.of(a, b, c, d);
					const ours = outcome(() => utf8Text(bytes));
					assert.equal(
						ours,
						outcome(() => decoder.decode(bytes)),
						hex(bytes),
					);
				}
});

test("malformed base64 and hex are refused", () => {
	for (const text of ["A", "AA", "AAA", "AAA=A", "====", "AA==AA==", "AB==", "AAB=", "AA A", "AA\nA", "AA-_", "=AAA"])
		assert.throws(() => fromBase64(text), RangeError, text);
	for (const text of ["0", "0g", "0x00", " 00"]) assert.throws(() => fromHex(text), RangeError, text);
});

test("concat and equal", () => {
	assert.deepEqual(concat(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)), Uint8Array.of(1, 2, 3));
	assert.ok(equal(Uint8Array.of(1, 2), Uint8Array.of(1, 2)));
	assert.ok(!equal(Uint8Array.of(1, 2), Uint8Array.of(1, 3)));
	assert.ok(!equal(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 3)));
});

function outcome(decode: () => string): string {
	try {
		return decode();
	} catch {
		return "refused";
	}
}
