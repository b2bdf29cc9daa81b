/** Reported properties by themselves: patches that wait, merge and come back, transient failures, bounds at their edges. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
	LEAST_TWIN_INTEGER,
	MOST_SECTION_BYTES,
	MOST_TWIN_INTEGER,
	MOST_TWIN_LEVELS,
	MOST_TWIN_NAME_BYTES,
	MOST_TWIN_TEXT_BYTES,
	TWIN_ANSWER_SECONDS,
} from "../../src/hub/limits.ts";
import { merged } from "../../src/hub/reported.ts";
import { sectionBytes } from "../../src/hub/section.ts";
import { createTwin } from "./twin-bench.ts";

const patch = (rid: number, body: unknown) =>
	`$iothub/twin/PATCH/properties/reported/?$rid=${rid} ${JSON.stringify(body)}`;

describe("reported properties", () => {
	test("go one patch after the other, each acknowledged with its version", () => {
		const { attach, report, sent, said, acknowledge } = createTwin({ reads: false });
		attach();
		report({ a: 1 });
		report({ b: 2 });
		assert.deepEqual(sent, [patch(1, { a: 1 })]);
		acknowledge(1, 5);
		assert.deepEqual([sent[1], said], [patch(2, { b: 2 }), ["version 5"]]);
		acknowledge(2, 6);
		assert.deepEqual([sent.length, said], [2, ["version 5", "version 6"]]);
	});

	test("those that wait are merged, and everybody learns of the answer", () => {
		const { attach, report, sent, said, acknowledge, twin } = createTwin({ reads: false });
		report({ a: 1, o: { x: 1, y: 1 } });
		report({ a: 2, o: { y: null } });
		report({ b: [1, 2] });
		assert.equal(twin.waiting, 1);
		attach();
		assert.deepEqual(sent, [patch(1, { a: 2, o: { x: 1, y: null }, b: [1, 2] })]);
		acknowledge(1, 9);
		assert.deepEqual(said, ["version 9", "version 9", "version 9"]);
	});

	test("the caller's object may change afterwards", () => {
		const { attach, report, sent } = createTwin({ reads: false });
		const mine = { list: [1] };
		report(mine);
		mine.list.push(2);
		attach();
		assert.deepEqual(sent, [patch(1, { list: [1] })]);
	});

	test("a reconnect in the middle: the same patch again, then what came meanwhile", () => {
		const { attach, twin, report, sent, said, acknowledge } = createTwin({ reads: false });
		attach();
		report({ a: 1 });
		twin.detach();
		report({ b: 1 });
		attach();
		acknowledge(1);
		assert.deepEqual(said, []);
		acknowledge(2);
		assert.equal(said.length, 2);
		assert.deepEqual(sent, [patch(1, { a: 1 }), patch(2, { a: 1, b: 1 })]);
	});

	test("429, 5xx and silence: sent again later; anything else is an answer", async () => {
		const { attach, report, sent, said, receive, acknowledge, clock } = createTwin({ reads: false });
		attach();
		report({ a: 1 });
		receive("$iothub/twin/res/429/?$rid=1");
		report({ b: 1 });
		assert.equal(sent.length, 1);
		await clock.advance(2500);
		receive("$iothub/twin/res/500/?$rid=2");
		await clock.advance(5000);
		await clock.advance(TWIN_ANSWER_SECONDS * 1000 + 10_000);
		assert.equal(sent.length, 4);
		acknowledge(4, 3);
		assert.deepEqual(said, ["version 3", "version 3"]);
		report({ c: 1 });
		receive("$iothub/twin/res/400/?$rid=5", { message: "no" });
		assert.deepEqual([said[2], clock.waiting], ["hub.bad-request", 0]);
	});

	test("what the agent says of itself is made when it leaves, again after each silence, and merged with nothing", async () => {
		const { attach, twin, report, tell, sent, said, acknowledge, clock } = createTwin({ reads: false });
		let made = 0;
		report({ a: 1 });
		tell(() => ({ own: ++made }));
		report({ b: 1 });
		report({ c: 1 });
		assert.equal(made, 0);
		attach();
		acknowledge(1, 1);
		await clock.advance(TWIN_ANSWER_SECONDS * 1000 + 10_000);
		twin.detach();
		attach();
		acknowledge(4, 2);
		acknowledge(5, 3);
		assert.deepEqual(
			sent,
			[{ a: 1 }, { own: 1 }, { own: 2 }, { own: 3 }, { b: 1, c: 1 }].map((body, i) => patch(i + 1, body)),
		);
		assert.deepEqual(said, ["version 1", "version 2", "version 3", "version 3"]);
	});

	test("two patches become one only where that says the same", () => {
		assert.deepEqual(merged({ a: { x: 1 } }, { a: null }), { a: null });
		assert.deepEqual(merged({ a: { x: 1 } }, { a: 5 }), { a: 5 });
		assert.deepEqual(merged({ a: { x: null } }, { a: { y: 1 } }), { a: { x: null, y: 1 } });
		assert.equal(merged({ a: null }, { a: { x: 1 } }), undefined);
		assert.equal(merged({ a: [1] }, { a: { x: 1 } }), undefined);
		assert.equal(merged({ o: { a: 5 } }, { o: { a: {} } }), undefined);
		const { attach, report, sent, acknowledge, twin } = createTwin({ reads: false });
		report({ a: null });
		report({ a: { x: 1 } });
		assert.equal(twin.waiting, 2);
		attach();
		acknowledge(1);
		assert.deepEqual(sent, [patch(1, { a: null }), patch(2, { a: { x: 1 } })]);
	});

	test("merging agrees with RFC 7396 applied twice, on random patches", () => {
		const apply = (target: unknown, change: unknown): unknown => {
			if (typeof change !== "object" || change === null || Array.isArray(change)) return change;
			const result: Record<string, unknown> =
				typeof target === "object" && target !== null && !Array.isArray(target) ? { ...target } : {};
			for (const [name, value] of Object.entries(change))
				if (value === null) delete result[name];
				else result[name] = apply(result[name], value);
			return result;
		};
		const values = (depth: number): unknown[] =>
			depth === 0 ? [null, 1] : [null, 1, ...values(depth - 1).flatMap((a) => [{ a }, { b: a }, { a, b: 2 }])];
		const patches = values(2).filter((value) => typeof value === "object" && value !== null) as Record<string, never>[];
		let same = 0;
		for (const base of patches)
			for (const first of patches)
				for (const second of patches) {
					const both = merged(first, second);
					if (!both) continue;
					same++;
					assert.deepEqual(apply(base, both), apply(apply(base, first), second));
				}
		assert.ok(same > 1000);
	});

	/** `bytes` by the hub's rule, in nine texts. */
	const filled = (bytes: number) =>
		Object.fromEntries(
			[..."abcdefghi"].map((name, i) => [name, "x".repeat(Math.max(0, Math.min(4000, bytes - 9 - 4000 * i)))]),
		);

	test("a section of 32 KB as the hub counts it, in one patch or merged; one byte more is refused, and the rest goes on", () => {
		const one = createTwin({ reads: false });
		one.report(filled(MOST_SECTION_BYTES));
		one.report({ z: "" });
		assert.deepEqual([one.said, one.twin.waiting], [["hub.too-large"], 1]);
		one.report(filled(MOST_SECTION_BYTES));
		assert.equal(one.said.length, 1);
		one.report({ a: null, z: true });
		assert.equal(one.said.length, 1);
		const tooLarge = createTwin({ reads: false });
		tooLarge.report(filled(MOST_SECTION_BYTES + 1));
		assert.deepEqual([tooLarge.said, tooLarge.twin.waiting], [["hub.too-large"], 0]);
	});

	test("4,000 members of six bytes are 24,000, whatever the JSON around them; how much JSON waits is another bound", () => {
		const members = (count: number) =>
			Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i.toString(36).padStart(3, "0")}`, "on"]));
		assert.equal(JSON.stringify(members(4000)).length, 48_001);
		const { attach, report, said, sent, twin, acknowledge } = createTwin({ reads: false });
		attach();
		report(members(4000));
		report(members(5461));
		assert.deepEqual([said, twin.waiting], [["hub.too-large"], 1], "both at once are more than the device holds");
		acknowledge(1);
		assert.equal(sent[0]!.length, patch(1, members(4000)).length);
		report(members(5461));
		acknowledge(2);
		assert.deepEqual(said, ["hub.too-large", "version 2", "version 2"]);
		report(members(5462));
		assert.equal(said[3], "hub.too-large", "32,772 bytes");
		report({ list: Array.from({ length: 33_000 }, () => []) });
		assert.equal(said[4], "hub.too-large", "no bytes by the rule, 99,000 of JSON");
	});

	test("what counts how much", () => {
		const counts: [unknown, number][] = [
			[{ a: 1, b: -1e-9 }, 18],
			[{ a: true, b: false }, 10],
			[{ ü: "ü\u{10348}" }, 8],
			[{ a: "\u0000\u001f\u007f\u0080\u009f" }, 1],
			[{ a: "\u00a0 \n" }, 4],
			[{ a: null, b: { c: null } }, 1],
			[{ a: {}, b: [] }, 2],
			[{ a: [1, "x", null, { y: true }] }, 15],
		];
		for (const [value, bytes] of counts) assert.equal(sectionBytes(value), bytes, JSON.stringify(value));
	});

	test("names, texts, numbers and levels: the last that IoT Hub takes, and one past it", () => {
		const deep = (levels: number): object => (levels === 0 ? { p: 1 } : { n: deep(levels - 1) });
		const fine: object[] = [
			deep(MOST_TWIN_LEVELS),
			{ t: "x".repeat(MOST_TWIN_TEXT_BYTES) },
			{ ["n".repeat(MOST_TWIN_NAME_BYTES)]: 1 },
			{ i: MOST_TWIN_INTEGER, j: LEAST_TWIN_INTEGER, f: 1e-9, b: false, n: null, u: undefined, l: [1, { a: "b" }] },
			{ "ü-_:": 1 },
		];
		for (const value of fine) {
			const { report, said, twin } = createTwin();
			report(value);
			assert.deepEqual([said, twin.waiting], [[], 1]);
		}
		const loop: Record<string, unknown> = {};
		loop.self = loop;
		const wrong: [object, string][] = [
			[deep(MOST_TWIN_LEVELS + 1), "hub.invalid"],
			[{ t: "x".repeat(MOST_TWIN_TEXT_BYTES + 1) }, "hub.too-large"],
			[{ t: `${"x".repeat(MOST_TWIN_TEXT_BYTES - 1)}ü` }, "hub.too-large"],
			[{ ["n".repeat(MOST_TWIN_NAME_BYTES + 1)]: 1 }, "hub.too-large"],
			[{ i: MOST_TWIN_INTEGER + 1 }, "hub.invalid"],
			[{ i: LEAST_TWIN_INTEGER - 1 }, "hub.invalid"],
			[{ i: Number.NaN }, "hub.invalid"],
			[{ i: Number.POSITIVE_INFINITY }, "hub.invalid"],
			[{ b: 1n }, "hub.invalid"],
			[{ f: () => {} }, "hub.invalid"],
			[{ "a.b": 1 }, "hub.invalid"],
			[{ a: { $b: 1 } }, "hub.invalid"],
			[{ "a b": 1 }, "hub.invalid"],
			[{ "a\u0000": 1 }, "hub.invalid"],
			[{ "a\u0085": 1 }, "hub.invalid"],
			[{ "": 1 }, "hub.invalid"],
			[{ a: [1, null] }, "hub.invalid"],
			[{ a: [{ b: null }] }, "hub.invalid"],
			[{ a: [[undefined]] }, "hub.invalid"],
			[{ a: { b: [{ c: { d: null } }] } }, "hub.invalid"],
			[[1], "hub.invalid"],
			[loop, "hub.invalid"],
		];
		for (const [value, code] of wrong) {
			const { report, said, twin } = createTwin();
			report(value);
			assert.deepEqual([said, twin.waiting], [[code], 0]);
		}
	});
});
