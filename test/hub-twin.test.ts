/** The twin by itself: versions, gaps, reconnects, patches that wait, weather, every bound at its edge, spoiled answers. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { utf8, utf8Text } from "../src/bytes.ts";
import type { Fault } from "../src/fault.ts";
import { encodeJson } from "../src/hub/json.ts";
import {
	LEAST_TWIN_INTEGER,
	MOST_SECTION_BYTES,
	MOST_TWIN_BYTES,
	MOST_TWIN_INTEGER,
	MOST_TWIN_LEVELS,
	MOST_TWIN_NAME_BYTES,
	MOST_TWIN_TEXT_BYTES,
	TWIN_ANSWER_SECONDS,
} from "../src/hub/limits.ts";
import { merged } from "../src/hub/reported.ts";
import { Twin } from "../src/hub/twin.ts";
import { FakeClock } from "./fake/clock.ts";
import { isFault } from "./fake/random.ts";
import { survives } from "./survives.ts";

/** A twin with the hub played by the test. */
function bench({ reads = true } = {}) {
	const clock = new FakeClock();
	const sent: string[] = [];
	const desired: unknown[] = [];
	const said: string[] = [];
	const steps: string[] = [];
	const twin = new Twin({
		clock,
		random: () => 0,
		log: (step) => steps.push(step),
		onDesired: reads ? (properties, { version, complete }) => desired.push([version, complete, properties]) : undefined,
	});
	const receive = (topic: string, body: unknown = "") =>
		twin.message(topic, typeof body === "string" ? utf8(body) : encodeJson(body, 1 << 20));
	return {
		clock,
		twin,
		sent,
		desired,
		said,
		steps,
		attach: () => twin.attach((topic, payload) => sent.push(`${topic} ${utf8Text(payload)}`.trim())),
		report: (patch: object) =>
			twin.report(patch, (fault?: Fault, version?: number) => said.push(fault?.code ?? `version ${version}`)),
		receive,
		read: (rid: number, version: number, properties = {}) =>
			receive(`$iothub/twin/res/200/?$rid=${rid}`, {
				desired: { ...properties, $version: version },
				reported: { $version: 1 },
			}),
		change: (version: number, properties = {}) =>
			receive(`$iothub/twin/PATCH/properties/desired/?$version=${version}`, { ...properties, $version: version }),
		acknowledge: (rid: number, version = 2) => receive(`$iothub/twin/res/204/?$rid=${rid}&$version=${version}`),
	};
}

const get = (rid: number) => `$iothub/twin/GET/?$rid=${rid}`;
const patch = (rid: number, body: unknown) =>
	`$iothub/twin/PATCH/properties/reported/?$rid=${rid} ${JSON.stringify(body)}`;

describe("desired properties", () => {
	test("are read at first, then follow one by one", () => {
		const { attach, sent, desired, read, change } = bench();
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
		const { attach, sent, desired, read, change } = bench();
		attach();
		read(1, 7);
		for (const version of [7, 6, 1]) change(version, { late: true });
		assert.deepEqual([desired.length, sent.length], [1, 1]);
	});

	test("after a gap the twin is read again, and the change alone is not applied", () => {
		const { attach, sent, desired, read, change } = bench();
		attach();
		read(1, 7);
		change(9, { b: 1 });
		assert.deepEqual([sent[1], desired.length], [get(2), 1]);
		read(2, 9, { a: 1, b: 1 });
		assert.deepEqual(desired[1], [9, true, { a: 1, b: 1 }]);
	});

	test("a change that overtakes the answer has the twin read once more", () => {
		const { attach, sent, desired, read, change } = bench();
		attach();
		change(8, { b: 1 });
		read(1, 7);
		assert.deepEqual([sent, desired.length], [[get(1), get(2)], 1]);
		read(2, 8, { b: 1 });
		assert.deepEqual([sent.length, desired[1]], [2, [8, true, { b: 1 }]]);
	});

	test("are read after every reconnect, and told only when they have changed, even to a lower version", () => {
		const { attach, twin, sent, desired, read } = bench();
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
		const { attach, twin, desired, read } = bench();
		attach();
		twin.detach();
		attach();
		read(1, 7);
		assert.equal(desired.length, 0);
		read(2, 8);
		assert.equal(desired.length, 1);
	});

	test("the version in the topic counts; without one, that of the body", () => {
		const { attach, desired, read, receive } = bench();
		attach();
		read(1, 7);
		receive("$iothub/twin/PATCH/properties/desired/?$version=8", { a: 1 });
		receive("$iothub/twin/PATCH/properties/desired/?", { a: 2, $version: 9 });
		assert.deepEqual(desired.slice(1), [
			[8, false, { a: 1 }],
			[9, false, { a: 2 }],
		]);
	});

	test("silence and weather are waited out, longer each time; the wait ends with the connection", async () => {
		const { attach, twin, clock, sent, read, receive, desired, change } = bench();
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
		const { attach, sent, steps, receive, clock } = bench();
		attach();
		receive("$iothub/twin/res/400/?$rid=1", "not even JSON");
		assert.deepEqual([sent.length, steps, clock.waiting], [1, ["fault"], 0]);
	});

	test("nobody wants them: the twin is never read", () => {
		const { attach, sent, change } = bench({ reads: false });
		attach();
		change(3);
		assert.deepEqual(sent, []);
	});

	test("a change of 32 KB, a twin of both halves, and one byte more of each", () => {
		const filled = (bytes: number, version: number, wrap = (section: string) => section) => {
			const section = (text: string) => wrap(`{"$version":${version},"a":"${text}"}`);
			return section("x".repeat(bytes - section("").length));
		};
		const twinOf = (section: string) => `{"desired":${section}}`;
		const { attach, receive, desired } = bench();
		attach();
		receive("$iothub/twin/res/200/?$rid=1", filled(MOST_TWIN_BYTES, 1, twinOf));
		receive("$iothub/twin/PATCH/properties/desired/?$version=2", filled(MOST_SECTION_BYTES, 2));
		assert.equal(desired.length, 2);
		assert.equal(MOST_SECTION_BYTES, 32768);
		assert.throws(
			() => receive("$iothub/twin/PATCH/properties/desired/?$version=3", filled(MOST_SECTION_BYTES + 1, 3)),
			isFault("hub.too-large"),
		);
		const other = bench();
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
			const { attach, receive } = bench();
			attach();
			assert.throws(() => receive("$iothub/twin/res/200/?$rid=1", body), isFault("hub.response"), body);
		}
		const { attach, receive } = bench();
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
				const { attach, receive } = bench();
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

describe("reported properties", () => {
	test("go one patch after the other, each acknowledged with its version", () => {
		const { attach, report, sent, said, acknowledge } = bench({ reads: false });
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
		const { attach, report, sent, said, acknowledge, twin } = bench({ reads: false });
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
		const { attach, report, sent } = bench({ reads: false });
		const mine = { list: [1] };
		report(mine);
		mine.list.push(2);
		attach();
		assert.deepEqual(sent, [patch(1, { list: [1] })]);
	});

	test("a reconnect in the middle: the same patch again, then what came meanwhile", () => {
		const { attach, twin, report, sent, said, acknowledge } = bench({ reads: false });
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
		const { attach, report, sent, said, receive, acknowledge, clock } = bench({ reads: false });
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

	test("two patches become one only where that says the same", () => {
		assert.deepEqual(merged({ a: { x: 1 } }, { a: null }), { a: null });
		assert.deepEqual(merged({ a: { x: 1 } }, { a: 5 }), { a: 5 });
		assert.deepEqual(merged({ a: { x: null } }, { a: { y: 1 } }), { a: { x: null, y: 1 } });
		assert.equal(merged({ a: null }, { a: { x: 1 } }), undefined);
		assert.equal(merged({ a: [1] }, { a: { x: 1 } }), undefined);
		assert.equal(merged({ o: { a: 5 } }, { o: { a: {} } }), undefined);
		const { attach, report, sent, acknowledge, twin } = bench({ reads: false });
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

	test("32 KB may wait, in one patch or several; one byte more is refused and the rest goes on", () => {
		const filled = (name: string, bytes: number) => ({
			[name]: Object.fromEntries(
				Array.from({ length: 100 }, (_, i) => [String(i).padStart(2, "0"), ""]).map(([key], i, all) => {
					const rest = bytes - JSON.stringify({ [name]: Object.fromEntries(all) }).length;
					return [key, "x".repeat(Math.max(0, Math.min(4096, rest - 4096 * i)))];
				}),
			),
		});
		const whole = filled("a", MOST_SECTION_BYTES);
		assert.equal(JSON.stringify(whole).length, 32768);
		const one = bench({ reads: false });
		one.report(whole);
		one.report({ b: 1 });
		assert.deepEqual([one.said, one.twin.waiting], [["hub.too-large"], 1]);
		one.report(filled("a", MOST_SECTION_BYTES));
		assert.equal(one.said.length, 1);
		const tooLarge = bench({ reads: false });
		tooLarge.report(filled("a", MOST_SECTION_BYTES + 1));
		assert.deepEqual([tooLarge.said, tooLarge.twin.waiting], [["hub.too-large"], 0]);
		const two = bench({ reads: false });
		two.attach();
		two.report({ z: 1 });
		two.report(filled("a", MOST_SECTION_BYTES - 7));
		assert.deepEqual([two.said, two.twin.waiting], [[], 2]);
		two.report({ z: 2 });
		assert.deepEqual(two.said, ["hub.too-large"]);
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
			const { report, said, twin } = bench();
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
			[[1], "hub.invalid"],
			[loop, "hub.invalid"],
		];
		for (const [value, code] of wrong) {
			const { report, said, twin } = bench();
			report(value);
			assert.deepEqual([said, twin.waiting], [[code], 0]);
		}
	});
});
