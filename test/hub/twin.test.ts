/** Desired properties by themselves: versions, gaps, reconnects, transient failures, bounds at their edges, spoiled answers. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { utf8 } from "../../src/base/bytes.ts";
import { MOST_CHANGE_BYTES, MOST_SECTION_BYTES, MOST_TWIN_BYTES, TWIN_ANSWER_SECONDS } from "../../src/hub/limits.ts";
import { isFault } from "../support/random.ts";
import { survives } from "../support/survives.ts";
import { createTwin } from "./twin-bench.ts";

const get = (rid: number) => `$iothub/twin/GET/?$rid=${rid}`;

describe("desired properties", () => {
	test("are read at first, then follow one by one", () => {
		const { attach, sent, desired, read, change } = createTwin();
		attach();
		assert.deepEqual(sent, [get(1)]);
		read(1, 7, { rate: 5 });
		change(8, { rate: 6 });
		change(9, { rate: null });
		assert.deepEqual(desired, [
			[7, true, { rate: 5 }],
			[8, false, { rate: 6 }],
			[9, false, { rate: null }],
		]);
		assert.equal(sent.length, 1);
	});

	test("older and known versions are dropped", () => {
		const { attach, sent, desired, read, change } = createTwin();
		attach();
		read(1, 7);
		for (const version of [7, 6, 1]) change(version, { late: true });
		assert.deepEqual([desired.length, sent.length], [1, 1]);
	});

	test("after a gap the twin is read again, and the change alone is not applied", () => {
		const { attach, sent, desired, read, change } = createTwin();
		attach();
		read(1, 7);
		change(9, { b: 1 });
		assert.deepEqual([sent[1], desired.length], [get(2), 1]);
		read(2, 9, { a: 1, b: 1 });
		assert.deepEqual(desired[1], [9, true, { a: 1, b: 1 }]);
	});

	test("a change that overtakes the answer has the twin read once more", () => {
		const { attach, sent, desired, read, change } = createTwin();
		attach();
		change(8, { b: 1 });
		read(1, 7);
		assert.deepEqual([sent, desired.length], [[get(1), get(2)], 1]);
		read(2, 8, { b: 1 });
		assert.deepEqual([sent.length, desired[1]], [2, [8, true, { b: 1 }]]);
	});

	test("are read after every reconnect, and told only when they have changed, even to a lower version", () => {
		const { attach, twin, sent, desired, read } = createTwin();
		attach();
		read(1, 7);
		for (const [rid, version] of [
			[2, 7],
			[3, 12],
			[4, 1],
		] as const) {
			twin.detach();
			attach();
			read(rid, version);
		}
		assert.equal(sent.length, 4);
		assert.deepEqual(
			desired.map((entry) => (entry as [number, boolean])[0]),
			[7, 12, 1],
		);
	});

	test("an answer that was asked for on an earlier connection is none", () => {
		const { attach, twin, desired, read } = createTwin();
		attach();
		twin.detach();
		attach();
		read(1, 7);
		assert.equal(desired.length, 0);
		read(2, 8);
		assert.equal(desired.length, 1);
	});

	test("the version in the topic counts; without one, that of the body", () => {
		const { attach, desired, read, receive } = createTwin();
		attach();
		read(1, 7);
		receive("$iothub/twin/PATCH/properties/desired/?$version=8", { a: 1 });
		receive("$iothub/twin/PATCH/properties/desired/?", { a: 2, $version: 9 });
		assert.deepEqual(desired.slice(1), [
			[8, false, { a: 1 }],
			[9, false, { a: 2 }],
		]);
	});

	test("silence and transient failures are waited out, longer each time; the wait ends with the connection", async () => {
		const { attach, twin, clock, sent, read, receive, desired, change } = createTwin();
		attach();
		await clock.advance(TWIN_ANSWER_SECONDS * 1000 - 1);
		assert.equal(clock.waiting, 1);
		await clock.advance(1 + 2499);
		assert.equal(sent.length, 1);
		await clock.advance(1);
		assert.deepEqual(sent, [get(1), get(2)]);
		receive("$iothub/twin/res/429/?$rid=2", { message: "busy" });
		change(3);
		await clock.advance(5000);
		assert.deepEqual(sent.slice(2), [get(3)]);
		receive("$iothub/twin/res/503/?$rid=3");
		twin.detach();
		assert.equal(clock.waiting, 0);
		attach();
		read(4, 3);
		assert.deepEqual([sent.length, desired.length, clock.waiting], [4, 1, 0]);
	});

	test("a refusal is reported and not asked again", () => {
		const { attach, sent, steps, receive, clock } = createTwin();
		attach();
		receive("$iothub/twin/res/400/?$rid=1", "not even JSON");
		assert.deepEqual([sent.length, steps, clock.waiting], [1, ["fault"], 0]);
	});

	test("nobody wants them: the twin is never read", () => {
		const { attach, sent, change } = createTwin({ reads: false });
		attach();
		change(3);
		assert.deepEqual(sent, []);
	});

	test("a change of 32 KB and its version, a twin of both halves, and one byte more of each", () => {
		const filled = (bytes: number, version: number, wrap = (section: string) => section) => {
			const section = (text: string) => wrap(`{"$version":${version},"a":"${text}"}`);
			return section("x".repeat(bytes - section("").length));
		};
		const twinOf = (section: string) => `{"desired":${section}}`;
		const { attach, receive, desired } = createTwin();
		attach();
		receive("$iothub/twin/res/200/?$rid=1", filled(MOST_TWIN_BYTES, 1, twinOf));
		receive("$iothub/twin/PATCH/properties/desired/?$version=2", filled(MOST_CHANGE_BYTES, 2));
		assert.equal(desired.length, 2);
		assert.deepEqual([MOST_SECTION_BYTES, MOST_CHANGE_BYTES], [32768, 32796]);
		assert.throws(
			() => receive("$iothub/twin/PATCH/properties/desired/?$version=3", filled(MOST_CHANGE_BYTES + 1, 3)),
			isFault("hub.too-large"),
		);
		const other = createTwin();
		other.attach();
		assert.throws(
			() => other.receive("$iothub/twin/res/200/?$rid=1", filled(MOST_TWIN_BYTES + 1, 1, twinOf)),
			isFault("hub.too-large"),
		);
	});

	test("answers that make no sense are refused", () => {
		for (const body of [
			"",
			"[]",
			"{}",
			'{"desired":[]}',
			'{"desired":{}}',
			'{"desired":{"$version":"7"}}',
			'{"desired":{"$version":0}}',
			'{"desired":{"$version":1e300}}',
		]) {
			const { attach, receive } = createTwin();
			attach();
			assert.throws(() => receive("$iothub/twin/res/200/?$rid=1", body), isFault("hub.response"), body);
		}
		const { attach, receive } = createTwin();
		attach();
		for (const [query, body] of [
			["$version=x", "{}"],
			["", "{}"],
			["$version=1", "3"],
		])
			assert.throws(() => receive(`$iothub/twin/PATCH/properties/desired/?${query}`, body), isFault("hub.response"));
		assert.equal(receive("$iothub/methods/POST/x/?$rid=1"), false);
		assert.equal(receive("$iothub/twin/res/20/?$rid=1"), false);
		assert.equal(receive("$iothub/twin/res/200/?$rid=99"), true);
	});

	test("spoiled answers: desired properties, nothing, or a Fault", () => {
		const sound = utf8(
			'$iothub/twin/res/200/?$rid=1\n{"desired":{"a":{"b":1},"$version":4},"reported":{"$version":1}}',
		);
		const { read, refused } = survives(
			(bytes) => {
				const { attach, receive } = createTwin();
				attach();
				const [topic = "", body = ""] = Buffer.from(bytes).toString("utf8").split("\n");
				receive(topic, body);
			},
			sound,
			2000,
		);
		assert.ok(read > 0 && refused > 0);
	});
});
