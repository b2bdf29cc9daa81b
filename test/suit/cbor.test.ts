/** CBOR against RFC 8949 appendix A and section 4.2.1, and against mutated and truncated input. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, hex } from "../../src/base/bytes.ts";
import { type Cbor, decode, encode, Tagged } from "../../src/suit/cbor.ts";
import { isFault, random } from "../support/random.ts";

/** RFC 8949 appendix A, the rows that are inside the subset. */
const APPENDIX_A: readonly [string, Cbor][] = [
	["00", 0],
	["01", 1],
	["0a", 10],
	["17", 23],
	["1818", 24],
	["1819", 25],
	["1864", 100],
	["1903e8", 1000],
	["1a000f4240", 1000000],
	["1b000000e8d4a51000", 1000000000000],
	["20", -1],
	["29", -10],
	["3863", -100],
	["3903e7", -1000],
	["f6", null],
	["c11a514b67b0", new Tagged(1, 1363896240)],
	["d74401020304", new Tagged(23, fromHex("01020304"))],
	["d818456449455446", new Tagged(24, fromHex("6449455446"))],
	["40", new Uint8Array(0)],
	["4401020304", fromHex("01020304")],
	["60", ""],
	["6161", "a"],
	["6449455446", "IETF"],
	["62225c", '"\\'],
	["62c3bc", "\u00fc"],
	["63e6b0b4", "\u6c34"],
	["64f0908591", "\ud800\udd51"],
	["80", []],
	["83010203", [1, 2, 3]],
	["8301820203820405", [1, [2, 3], [4, 5]]],
	["98190102030405060708090a0b0c0d0e0f101112131415161718181819", Array.from({ length: 25 }, (_, i) => i + 1)],
	["a0", new Map()],
	[
		"a201020304",
		new Map([
			[1, 2],
			[3, 4],
		]),
	],
];

test("reads and writes what RFC 8949 appendix A shows", () => {
	for (const [bytes, value] of APPENDIX_A) {
		assert.deepEqual(decode(fromHex(bytes)), value, bytes);
		assert.equal(hex(encode(value)), bytes);
	}
});

test("writes map keys in bytewise order of their encoding", () => {
	const map = new Map([-1, 100, 10, -2, 0].map((key) => [key, key]));
	assert.equal(hex(encode(map)), "a500000a0a1864186420202121");
	assert.deepEqual([...(decode(encode(map)) as Map<number, Cbor>).keys()], [0, 10, 100, -1, -2]);
});

const REFUSED: readonly [string, string][] = [
	["", "nothing"],
	["1800", "0 in two bytes"],
	["1817", "23 in two bytes"],
	["1900ff", "255 in three bytes"],
	["1a0000ffff", "65535 in five bytes"],
	["1b00000000ffffffff", "2^32-1 in nine bytes"],
	["1b0020000000000000", "2^53"],
	["1bffffffffffffffff", "2^64-1"],
	["3bffffffffffffffff", "-2^64"],
	["1c", "reserved length"],
	["1c00000000000000000000000000000001", "reserved length, with bytes for it"],
	["5f42010243030405ff", "indefinite byte string"],
	["7f61616161ff", "indefinite text"],
	["9f01ff", "indefinite array"],
	["bf0102ff", "indefinite map"],
	["ff", "break alone"],
	["f4", "false"],
	["f5", "true"],
	["f7", "undefined"],
	["f0", "simple(16)"],
	["f8ff", "simple(255)"],
	["f93c00", "half float"],
	["fa47c35000", "float"],
	["fb3ff199999999999a", "double"],
	["a201020103", "repeated key"],
	["a203040102", "keys out of order"],
	["a220000100", "negative key before positive"],
	["a1616101", "text key"],
	["a1400101", "byte string key"],
	["a11b000000010000000001", "key beyond 2^31"],
	["61ff", "not UTF-8"],
	["62c080", "overlong UTF-8"],
	["0000", "bytes left over"],
	["818181818181818181810a", "10 levels"],
	["4401", "byte string longer than its input"],
	["9affffffff00", "array of 2^32-1"],
	["bb001fffffffffffff00", "map of 2^53-1"],
	["5b001ffffffffffffe00", "byte string of 2^53-2"],
	["c1", "tag without value"],
];

test("refuses whatever is outside the deterministic subset", () => {
	for (const [bytes, why] of REFUSED) assert.throws(() => decode(fromHex(bytes)), isFault("ota.format"), why);
});

test("a document has at most 64 items, keys count; more are refused before one of them is made", () => {
	const zeros = (count: number) => Array.from({ length: count }, () => 0);
	const keys = (count: number) => new Map(zeros(count).map((zero, i) => [i, zero]));
	for (const value of [zeros(64), keys(32), [zeros(30), keys(16)]]) assert.deepEqual(decode(encode(value)), value);
	const more = [zeros(65), keys(33), [zeros(30), keys(16), 0], [new Tagged(1, zeros(62)), 0]].map((value) =>
		encode(value),
	);
	for (const bytes of [...more, fromHex("9841"), fromHex("b821"), fromHex("9affffffff"), fromHex("bb001ffffffffffffe")])
		assert.throws(() => decode(bytes), { message: "ota.format: cbor: more than 64 items" }, hex(bytes));
});

test("what it accepts of mutated and truncated input it writes back byte for byte; the rest is a Fault", () => {
	const { integer, seed } = random();
	const whole = encode([
		new Map<number, Cbor>([
			[1, "uri"],
			[2, [-7, null, new Uint8Array(300)]],
			[-3, new Tagged(18, 70000)],
		]),
	]);
	let accepted = 0;
	for (let round = 0; round < 20_000; round++) {
		const bytes = whole.slice(0, round % 3 === 0 ? integer(whole.length) : whole.length);
		for (let n = 1 + integer(3); n > 0 && bytes.length > 0; n--)
			bytes[integer(Math.min(bytes.length, 40))] = integer(256);
		try {
			assert.deepEqual(encode(decode(bytes)), bytes, `seed ${seed} round ${round}`);
			accepted++;
		} catch (thrown) {
			assert.ok(isFault("ota.format")(thrown), `seed ${seed} round ${round}: ${thrown}`);
		}
	}
	assert.ok(accepted > 0 && accepted < 20_000);
});
