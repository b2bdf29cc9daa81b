/** The JSON reader against JSON.parse: the same values however the text is cut, bounded whatever it is, and spoiled input. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { utf8 } from "../../src/base/bytes.ts";
import { type Choose, JsonReader } from "../../src/base/json-reader.ts";
import { Budget } from "../../src/base/json-value.ts";
import { Names } from "../../src/base/names.ts";
import type { TextSink } from "../../src/base/streamed-text.ts";
import { mutations } from "../support/mutate.ts";
import { random } from "../support/random.ts";

const plenty = (): Budget => new Budget(100_000, 10_000, 32);
const keepAll: Choose = () => plenty();
/** Everything is entered as far as that goes. */
const enterAll: Choose = () => "enter";

function read(text: string | Uint8Array, choose: Choose = keepAll, cuts: readonly number[] = []): unknown {
	const reader = new JsonReader(choose);
	const bytes = typeof text === "string" ? utf8(text) : text;
	let from = 0;
	for (const cut of [...cuts, bytes.length]) {
		reader.push(bytes.slice(from, cut));
		from = cut;
	}
	return reader.end();
}

const TEXTS = [
	"1",
	"-0.5e3",
	"true",
	"null",
	'""',
	'"a\\"b\\\\"',
	"[]",
	"{}",
	' { "a" : [ 1 , "x,]}" , { "b" : null } ] , "c" : { } , "d" : -1 } ',
	'{"desired":{"rate":5,"$version":7,"deep":[[[1]]]},"reported":{"x":["\\u00e9",true]}}',
	'{"\\u0061":1,"":2,"__proto__":3,"é":"\u{10348}"}',
];

describe("a JSON text", () => {
	test("kept whole is what JSON.parse makes of it, cut anywhere", () => {
		for (const text of TEXTS)
			for (let cut = 0; cut <= utf8(text).length; cut++)
				assert.deepEqual(read(text, keepAll, [cut]), JSON.parse(text), `${text} cut at ${cut}`);
	});

	test("entered and kept in parts is the same, byte by byte", () => {
		const inner: Choose = (path) => (path.length < 3 ? "enter" : plenty());
		for (const text of TEXTS.filter((text) => /^ ?[{[]/.test(text))) {
			const bytes = utf8(text);
			const parts: Choose = (path) => (path.length === 0 ? "enter" : plenty());
			assert.deepEqual(read(text, parts, [...bytes.keys()]), JSON.parse(text), text);
		}
		assert.deepEqual(read('{"a":{"b":{"c":1}},"d":[[{"e":2}]]}', inner), { a: { b: { c: 1 } }, d: [[{ e: 2 }]] });
	});

	test("gives what was asked for, and nothing else, of any size and depth", () => {
		const wanted: Choose = (path) => {
			if (path.length === 0 || path[0] === "info") return path.length < 2 ? "enter" : plenty();
			return path[0] === "want" ? new Budget(20, 12, 2) : "skip";
		};
		const junk = [
			`"${"x".repeat(5000)}"`,
			"[".repeat(6000) + "]".repeat(6000),
			`{${'"k":{'.repeat(99)}${"}".repeat(99)}}`,
		];
		for (const one of junk)
			for (const other of junk) {
				const text = `{"a":${one},"want":[1,{"x":2}],"b":${other},"info":{"id":"r"}}`;
				assert.deepEqual(read(text, wanted, [7, 3000]), { want: [1, { x: 2 }], info: { id: "r" } });
			}
	});

	test("what does not fit is left out whole and named", () => {
		for (const [value, budget] of [
			[`"${"x".repeat(30)}"`, new Budget(31, 9, 9)],
			["[1,2,3,4]", new Budget(99, 7, 9)],
			["[[],[]]", new Budget(99, 12, 9)],
			["[[[]]]", new Budget(99, 99, 2)],
		] as const) {
			const reader = new JsonReader((path) => (path.length === 0 ? "enter" : budget));
			reader.push(utf8(`{"big":${value},"small":1}`));
			assert.deepEqual([reader.end(), reader.cut, reader.cutCount], [{ small: 1 }, ["big"], 1], value);
		}
	});

	test("a budget is shared, and only what is kept uses it up", () => {
		const budget = new Budget(20, 20, 3);
		const choose: Choose = (path) => (path.length === 0 ? "enter" : budget);
		const text = `{"a":"1234","b":"${"x".repeat(17)}","c":"5678","d":"${"y".repeat(9)}"}`;
		assert.deepEqual(read(text, choose), { a: "1234", c: "5678" });
		assert.equal(budget.bytes, 6); // 20, without two texts of six bytes and their names
	});

	test("that is malformed is refused wherever it is looked at", () => {
		for (const text of [
			"",
			" ",
			"{",
			"[",
			'"',
			"1 2",
			"{}{}",
			'{"a"}',
			'{"a":}',
			"{,}",
			'{"a":1,}',
			"[1,]",
			"[,1]",
			"{1:2}",
			"]",
			'{"a":1]',
			"tru e",
			"[1 2]",
			'{"a":1 "b":2}',
		])
			for (const choose of [keepAll, ((path) => (path.length === 0 ? "enter" : plenty())) as Choose])
				for (const cuts of [[], [1]]) assert.throws(() => read(text, choose, cuts), RangeError, text);
		assert.throws(() => read("nul"), RangeError);
		for (const text of ['{"a":}', '{"a":1,}', "{", '{"a"', "[1}"])
			assert.throws(() => read(text, enterAll), RangeError, text);
		assert.throws(() => read(Uint8Array.of(0x22, 0xff, 0x22)), RangeError);
	});

	test("spoiled is what JSON.parse makes of it, or refused by both", () => {
		const bytes = utf8('{"a":[1,{"b":"\\u00e9é"}],"c":null,"dd":"x\\\\"}');
		let [same, refused] = [0, 0];
		const seeded = random();
		for (const spoiled of mutations(bytes, 3000, seeded)) {
			const cut = seeded.integer(spoiled.length + 1);
			const ours = outcome(() => read(spoiled, keepAll, [cut]));
			assert.deepEqual(
				ours,
				outcome(() => JSON.parse(decoder.decode(spoiled))),
			);
			if (ours === REFUSED) refused++;
			else same++;
		}
		assert.ok(same > 100 && refused > 100);
	});
});

test("so many names are let in, then only those; what did not fit is forgotten", () => {
	const names = new Names(4, 100, new Uint8Array(8));
	const choose: Choose = (path) => (path.length === 0 ? "enter" : new Budget(1000, 100, 9, names));
	assert.deepEqual(read('{"a":{"b":1},"c":{"b":2}}', choose), { a: { b: 1 }, c: { b: 2 } });
	assert.deepEqual(read('{"a":{"d":1,"e":1},"b":{"a":{"c":3}}}', choose), { b: { a: { c: 3 } } });
	assert.deepEqual(read('{"d":1,"e":2,"a":3}', choose), { d: 1, a: 3 });
	let kept = 0;
	for (let i = 0; i < 1000; i++) kept += Object.keys(read(`{"n${i}":1}`, choose) as object).length;
	assert.equal(kept, 0);
});

test("a name with half a surrogate pair is left out where names are counted: as bytes it is the same as any other such name", () => {
	const choose: Choose = (path) => (path.length === 0 ? "enter" : new Budget(1000, 100, 9, names));
	const names = new Names(4, 100, new Uint8Array(8));
	assert.deepEqual(read('{"\\ud83d\\ude00":1,"\\ude00":2,"a\\ud83d":3,"\\ude00\\ud83d":4}', choose), {
		"\u{1f600}": 1,
	});
	assert.equal(names.mark, 1);
});

test("names that are let in and forgotten by chance are those of a list", () => {
	const { integer } = random();
	for (let round = 0; round < 50; round++) {
		const most = 1 + integer(12);
		const names = new Names(most, 1 << 20, new Uint8Array(8));
		const list: string[] = [];
		for (let step = 0; step < 100; step++) {
			const name = `n${integer(20)}`;
			const fits = list.includes(name) || list.length < most;
			assert.equal(names.admit(utf8(name)), fits, `${most}: ${name} to ${list}`);
			if (fits && !list.includes(name)) list.push(name);
			if (integer(10) > 0) continue;
			const mark = integer(list.length + 1);
			names.forget(mark);
			list.splice(mark);
			assert.equal(names.mark, mark);
		}
	}
});

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const REFUSED = Symbol("refused");

function outcome(parse: () => unknown): unknown {
	try {
		return parse();
	} catch {
		return REFUSED;
	}
}

test("a text is handed on as it comes, in pieces, without its escapes, and what its sink gives stands for it", () => {
	const seen: string[] = [];
	const sink = (): TextSink => {
		let text = "";
		return {
			push: (bytes) => {
				text += Buffer.from(bytes).toString("latin1");
			},
			end: () => seen.push(text),
		};
	};
	const choose: Choose = ([first], kind) => (first === undefined ? "enter" : kind === "text" ? sink() : plenty());
	const long = "x".repeat(1000);
	for (const [text, expected] of [
		['["a","","b\\n\\r\\t\\/\\\\\\"\\u0041\\b\\f"]', ["a", "", 'b\n\r\t/\\"A\b\f']],
		['["\\u00e4\\u0100",1]', ["\xff\xff"]],
		[`["${`${long}\\n`.repeat(3)}"]`, [`${long}\n`.repeat(3)]],
	] as const)
		for (const cuts of [[], Array.from({ length: text.length }, (_, i) => i)]) {
			seen.length = 0;
			const value = read(text, choose, cuts) as unknown[];
			assert.deepEqual(seen, expected);
			assert.equal(value[0], 1);
		}
	for (const text of ['["\\x"]', '["\\u00g0"]', '["', '["a\\', '["\\u00'])
		assert.throws(() => read(text, choose), RangeError, text);
});
