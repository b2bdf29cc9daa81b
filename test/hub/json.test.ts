/** JSON of the hub at its bounds, properties of messages against encodeURIComponent's own alphabet, spoiled input. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { utf8 } from "../../src/base/bytes.ts";
import {
	CONTENT_ENCODING,
	CONTENT_TYPE,
	CORRELATION_ID,
	encodeProperties,
	JSON_BODY,
	MESSAGE_ID,
	parseProperties,
	telemetryTopic,
} from "../../src/hub/hub-topics.ts";
import { Intake } from "../../src/hub/intake.ts";
import { encodeJson, parseJson } from "../../src/hub/json.ts";
import { jsonText } from "../../src/hub/json-text.ts";
import { MOST_JSON_LEVELS } from "../../src/hub/limits.ts";
import { isFault } from "../support/random.ts";
import { survives } from "../support/survives.ts";

const intake = (bytes: number): Intake => new Intake(bytes, () => 0);
const nested = (levels: number): Uint8Array => utf8("[".repeat(levels) + "]".repeat(levels));

describe("JSON", () => {
	test("of so many bytes is read, of one more is not", () => {
		assert.equal(parseJson(utf8('"1234"'), intake(6)), "1234");
		assert.throws(() => parseJson(utf8('"1234"'), intake(5)), isFault("hub.too-large"));
	});

	test("of so many levels is read, of one more is refused before it is parsed", () => {
		parseJson(nested(MOST_JSON_LEVELS), intake(100_000));
		assert.throws(() => parseJson(nested(MOST_JSON_LEVELS + 1), intake(100_000)), isFault("hub.too-large"));
		assert.throws(() => parseJson(nested(500_000), intake(2_000_000)), isFault("hub.too-large"));
	});

	test("brackets in texts are no levels", () => {
		const text = `"${"[{".repeat(40)} \\" ${"[".repeat(40)} \\\\"`;
		assert.equal(typeof parseJson(utf8(text), intake(100_000)), "string");
	});

	test("what is no JSON or no UTF-8 is refused", () => {
		for (const bytes of [utf8(""), utf8("{"), utf8("nul"), utf8("{}{}"), Uint8Array.of(0x22, 0xff, 0x22)])
			assert.throws(() => parseJson(bytes, intake(100)), isFault("hub.response"));
	});

	test("spoiled: a value or a Fault", () => {
		const { read, refused } = survives(
			(bytes) => parseJson(bytes, intake(200)),
			utf8('{"a":[1,{"b":"\\u00e9é"}],"c":null}'),
			2000,
		);
		assert.ok(read > 0 && refused > 0);
	});

	test("is written as JSON.stringify writes it: dates, toJSON, escapes, holes, members without a value", () => {
		const value = {
			at: new Date(1e12),
			own: { toJSON: () => ({ a: 1 }) },
			text: '\u0000\u001f"\\/\u007f\u2028é\u{1f600}',
			list: [undefined, null, true, -0, 1e21, 1e-7, [], {}],
			boxed: [Object(1), Object("a"), Object(false)],
			none: undefined,
		};
		assert.equal(jsonText(value, 1000), JSON.stringify(value));
	});

	test("what it cannot say is refused, by its place", () => {
		const cases = [Number.NaN, Number.POSITIVE_INFINITY, new Date(Number.NaN), new Map(), new Set(), Uint8Array.of(1)];
		for (const value of [...cases, () => {}, Symbol("s"), 1n])
			assert.throws(() => jsonText({ a: [value] }, 1000), /^Fault: hub\.invalid: .* at \.a\[0\]: /);
	});

	test("is written within bytes, not characters", () => {
		assert.deepEqual(encodeJson("é", 4), utf8('"é"'));
		assert.throws(() => encodeJson("é", 3), isFault("hub.too-large"));
		const round: Record<string, unknown> = {};
		round.self = round;
		for (const value of [round, 1n, undefined, () => {}])
			assert.throws(() => encodeJson(value, 999), isFault("hub.invalid"));
	});
});

describe("properties of messages", () => {
	test("of the hub keep their $, everything else is percent-encoded", () => {
		const topic = telemetryTopic("dev", {
			...JSON_BODY,
			[MESSAGE_ID]: "a/b",
			[CORRELATION_ID]: "ü",
			"a b&c=#+": "1=2&3#+/ $",
		});
		assert.equal(
			topic,
			"devices/dev/messages/events/$.ct=application%2Fjson&$.ce=utf-8&$.mid=a%2Fb&$.cid=%C3%BC&a%20b%26c%3D%23%2B=1%3D2%263%23%2B%2F%20%24",
		);
		assert.deepEqual([CONTENT_TYPE, CONTENT_ENCODING], ["$.ct", "$.ce"]);
	});

	test("come back as they went", () => {
		const bag = { "$.mid": "1", é: "ü&=%", empty: "", "%41": "%" };
		assert.deepEqual(Object.fromEntries(parseProperties(encodeProperties(bag))), bag);
	});

	test("without a value are empty; broken ones are refused", () => {
		assert.deepEqual(
			[...parseProperties("a&b=&=c&&%24.x=1")],
			[
				["a", ""],
				["b", ""],
				["", "c"],
				["$.x", "1"],
			],
		);
		for (const text of ["a=%", "a=%4", "%zz=1", "a=%ff"])
			assert.throws(() => parseProperties(text), isFault("hub.response"));
		assert.throws(() => encodeProperties({ a: "\ud800" }), isFault("hub.invalid"));
		assert.equal(({} as Record<string, unknown>).polluted, undefined);
		assert.deepEqual([...parseProperties("__proto__=x")], [["__proto__", "x"]]);
	});
});
