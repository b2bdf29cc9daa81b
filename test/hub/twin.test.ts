/** Desired properties by themselves: versions, gaps, reconnects, transient failures, bounds at their edges, spoiled answers. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { utf8 } from "../../src/base/bytes.ts";
import { TWIN_ANSWER_SECONDS } from "../../src/hub/limits.ts";
import { isFault } from "../support/random.ts";
import { survives } from "../support/survives.ts";
import { createTwin } from "./twin-bench.ts";

const members = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i]));
/** What stands between the brackets. */
const inner = (value: unknown): string => JSON.stringify(value).slice(1, -1);

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
		assert.deepEqual(
			[sent.length, steps, clock.waiting],
			[1, ["hub.bad-request hub.bad-request: twin: status 400: no message"], 0],
		);
	});

	test("nobody wants them: the twin is never read", () => {
		const { attach, sent, change } = createTwin({ reads: false });
		attach();
		change(3);
		assert.deepEqual(sent, []);
	});

	test("of a twin of any size and shape the own sections are found, and of the application's what fits; the rest is told", () => {
		const junk = [
			...[100, 800].map((count) => members(count)),
			{ deep: JSON.parse("[".repeat(2000) + "]".repeat(2000)) },
			{ wide: Array.from({ length: 1000 }, () => []) },
			{ long: "x".repeat(28_000) },
			{ a: members(5000), b: [members(500)] },
		];
		for (const more of junk) {
			const { attach, desired, steps, receive } = createTwin({ bytes: 1024 });
			attach();
			const ota = { url: "https://h/b.suit", sequence: 2 };
			const section = (version: number) =>
				`{"rate":${version},${inner(more)},"ota":${inner([ota])},"$version":${version}}`;
			receive("$iothub/twin/res/200/?$rid=1", `{"reported":${JSON.stringify(more)},"desired":${section(4)},"x":1}`);
			receive("$iothub/twin/PATCH/properties/desired/?$version=5", section(5));
			for (const [index, entry] of desired.entries()) {
				const [version, complete, properties] = entry as [number, boolean, Record<string, unknown>];
				assert.deepEqual(
					[version, complete, properties.rate, properties.ota],
					[4 + index, index === 0, 4 + index, ota],
				);
				assert.ok(JSON.stringify(properties).length < 1300);
			}
			assert.deepEqual([desired.length, steps.length], [2, 2]);
			for (const step of steps) assert.match(step, /^hub\.too-large hub\.too-large: desired properties: .* left out/);
		}
	});

	test("an application that names its properties gets them out of a twin that would not fit", () => {
		const { attach, desired, steps, read, change } = createTwin({ bytes: 1024, properties: ["rate", "mode"] });
		attach();
		read(1, 7, { ...members(3000), rate: 5, app: { sequence: 3 } });
		change(8, { ...members(10), mode: "fast", rate: null });
		assert.deepEqual(
			[desired, steps],
			[
				[
					[7, true, { rate: 5, app: { sequence: 3 } }],
					[8, false, { mode: "fast", rate: null }],
				],
				[],
			],
		);
	});

	test("a twin that comes in parts, cut anywhere, is the same", () => {
		const bytes = utf8('{"desired":{"a":{"b":[1,"x"]},"$version":4,"$metadata":{"a":1}},"reported":{"$version":1}}');
		for (let cut = 0; cut <= bytes.length; cut++) {
			const { attach, desired, twin } = createTwin();
			attach();
			const sink = twin.open("$iothub/twin/res/200/?$rid=1")!;
			sink.push(bytes.slice(0, cut));
			sink.push(bytes.slice(cut));
			assert.deepEqual(desired, []);
			sink.end();
			assert.deepEqual(desired, [[4, true, { a: { b: [1, "x"] } }]]);
		}
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
