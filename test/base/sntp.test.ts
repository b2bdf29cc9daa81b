/** Time servers: one that has no time is not believed, and what nobody should believe needs a second word. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeQuery, judgeTime, readAnswer } from "../../src/base/sntp.ts";
import { mutations } from "../support/mutate.ts";
import { isFault } from "../support/random.ts";

const NONCE = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const UNIX = 2_208_988_800;

/** As RFC 4330 figure 1 has it. `seconds`: of the era. */
function packet({
	leap = 0,
	version = 4,
	mode = 4,
	stratum = 2,
	nonce = NONCE,
	seconds = 0,
	fraction = 0,
	bytes = 48,
} = {}): Uint8Array {
	const answer = new Uint8Array(bytes);
	answer.set([(leap << 6) | (version << 3) | mode, stratum]);
	answer.set(nonce, 24);
	const view = new DataView(answer.buffer);
	if (bytes >= 48) {
		view.setUint32(40, seconds % 2 ** 32);
		view.setUint32(44, fraction);
	}
	return answer;
}

const at = (text: string): number => Date.parse(text) / 1000 + UNIX;

test("a query is a client's, and says nothing of our own time", () => {
	const query = encodeQuery(NONCE);
	assert.deepEqual([query.length, query[0], query.subarray(1, 40).every((byte) => byte === 0)], [48, 0x23, true]);
	assert.deepEqual(query.subarray(40), NONCE);
});

test("times of both eras, to the millisecond", () => {
	for (const text of [
		"2026-11-29T01:02:03.000Z",
		"2036-02-07T06:28:15.000Z",
		"2036-02-07T06:28:17.000Z",
		"2028-02-29T23:59:59.000Z",
		"2028-12-31T23:59:59.000Z",
		"2050-01-01T00:00:00.000Z",
		"1990-01-01T00:00:00.000Z",
	])
		assert.equal(new Date(readAnswer(packet({ seconds: at(text) }), NONCE)).toISOString(), text);
	assert.equal(readAnswer(packet({ seconds: at("2026-01-01T00:00:00Z"), fraction: 2 ** 31 }), NONCE) % 1000, 500);
	for (const leap of [0, 1, 2]) for (const version of [3, 4]) readAnswer(packet({ leap, version, seconds: 1 }), NONCE);
	readAnswer(packet({ seconds: at("2026-01-01T00:00:00Z"), bytes: 68 }), NONCE);
});

test("a server without time, and what is no answer to the query", () => {
	const seconds = at("2026-11-29T00:00:00Z");
	for (const [what, bytes] of [
		["leap 3", packet({ leap: 3, seconds })],
		["stratum 0, kiss of death", packet({ stratum: 0, seconds })],
		["stratum 16", packet({ stratum: 16, seconds })],
		["stratum 255", packet({ stratum: 255, seconds })],
		["transmit time 0", packet()],
		["another query's", packet({ nonce: NONCE.map((byte) => byte + 1), seconds })],
		["a client's packet", packet({ mode: 3, seconds })],
		["a broadcast", packet({ mode: 5, seconds })],
		["version 2", packet({ version: 2, seconds })],
		["47 bytes", packet({ seconds }).subarray(0, 47)],
		["nothing", new Uint8Array(0)],
	] as const)
		assert.throws(() => readAnswer(bytes, NONCE), isFault("clock.server"), what);
	for (const spoiled of mutations(packet({ seconds }), 2000))
		try {
			assert.ok(Number.isFinite(readAnswer(spoiled, NONCE)));
		} catch (thrown) {
			assert.ok(isFault("clock.server")(thrown));
		}
});

test("before the release never, after what is known only with a second server's word", () => {
	const released = Date.parse("2026-11-23T00:00:00Z");
	const latest = Date.parse("2027-02-01T00:00:00Z");
	const judge = (time: number, before?: number, server = "b") =>
		judgeTime({ server: "a", time }, { released, latest }, before === undefined ? undefined : { server, time: before });
	for (const before of [undefined, released - 1, 0])
		for (const time of [released - 1, 0, -1]) assert.throws(() => judge(time, before), isFault("clock.server"));
	for (const time of [released, latest]) assert.equal(judge(time), "believed");
	for (const time of [latest + 1, Date.parse("2036-02-07T06:28:16Z")]) {
		assert.equal(judge(time), "again");
		assert.equal(judge(time, time - 59_000), "believed");
		assert.equal(judge(time, time, "a"), "again", "its own witness");
		for (const before of [time - 61_000, time + 61_000, released]) assert.equal(judge(time, before), "again");
	}
});
