/** `#text` on XS against Node's TextEncoder and TextDecoder, which are the standard's own words in code. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { type App, buildForXs, skip } from "../../hw/simulator/harness.ts";

const EDGES = [
	0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff,
];

describe("UTF-8 on XS", { skip }, () => {
	let app: App;
	before(async () => {
		app = await buildForXs({
			name: "text",
			build: "release",
			manifest: {
				include: [
					"$(MODDABLE)/examples/manifest_base.json",
					"$(ENROLLEE)/hw/moddable/manifest_text.json",
					"$(ENROLLEE)/hw/simulator/lib/manifest.json",
				],
				modules: { "*": [], main: "$(ENROLLEE)/test/sim/apps/text" },
			},
		});
	});

	const lines = async (texts: readonly string[], bytes: readonly number[][]): Promise<string[]> => {
		const codes = texts.map((text) => Array.from(text, (character) => character.codePointAt(0)));
		const environment = { TEXTS: JSON.stringify(codes), BYTES: JSON.stringify(bytes) };
		const { exitCode, output } = await app.run({ environment });
		assert.equal(exitCode, 0, output);
		return output.trimEnd().split("\n");
	};

	test("base64 and hex are read and written as Node does, and only canonical input", async () => {
		const bytes = Array.from({ length: 260 }, (_, i) => (i * 89 + (i >> 3)) & 0xff);
		const good = Array.from({ length: 70 }, (_, i) => Buffer.from(bytes.slice(i, 2 * i)).toString("base64"));
		const bad = ["A", "AA", "AAA", "AAA=A", "====", "AA==AA==", "AB==", "AAB=", "AA A", "AA\nA", "AA-_", "=AAA"];
		const spaced = [
			"QUJD\n",
			" QUJDREVG",
			"QUJD REVG",
			"QUJD\u00e9A==",
			"QUJDR===",
			"QU==JDRE",
			"A===",
			"QUJD\u0000AAA",
		];
		const tight = bad.filter((text) => !/\s/.test(text));
		const loose = ["QUJD\n", " QUJD REVG\t\r\n", "Q U J D R A = =\n", "", " \n"];
		const digits = ["", "00", "0aFf", "0", "0g", "0x00", " 00", "00 ", "\u00e90"];
		const environment = { TEXTS: "[]", BYTES: "[]", BASE64: JSON.stringify([...good, ...bad, ...spaced]) };
		const SPACED = JSON.stringify([...loose, ...tight, "QUJD\f", "QU\u00a0JD"]);
		const { exitCode, output } = await app.run({
			environment: { ...environment, SPACED, HEX: JSON.stringify(digits) },
		});
		assert.equal(exitCode, 0, output);
		assert.deepEqual(output.trimEnd().split("\n"), [
			...good.map((text) => `base64 ${text}`),
			...[...bad, ...spaced].map(() => "base64 refused"),
			...loose.map((text) => `spaced ${text.replace(/\s/g, "")}`),
			...[...tight, 1, 2].map(() => "spaced refused"),
			...["hex ", "hex 00", "hex 0aff"],
			...digits.slice(3).map(() => "hex refused"),
		]);
	});

	test("a text is encoded as TextEncoder does, lone surrogates as U+FFFD", async () => {
		const texts = ["a", "é", "€", "\u{10348}\u{10ffff}", "\u0000\u007f\u0080\u07ff\u0800\uffff\ufeff"];
		for (const half of ["\ud800", "\udbff", "\udc00", "\udfff", "\udc00\ud800"]) texts.push(half, `x${half}\u0000y`);
		for (const unit of ["a", "€", "\u{10348}", "\ud800"]) texts.push(unit.repeat(300));
		const expected = texts.map((text) => `bytes ${Buffer.from(text).toString("hex")}`);
		assert.deepEqual(await lines(texts, []), expected);
	});

	test("bytes are taken or refused as TextDecoder does", async () => {
		const cases: number[][] = [[], [0xef, 0xbb, 0xbf, 0x41]];
		for (const a of EDGES)
			for (const b of EDGES) for (const c of EDGES) cases.push([a, b, c, 0x41], [a, b, c, 0x90], [0x41, a, b, c]);
		const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
		const expected = cases.map((bytes) => {
			try {
				const text = decoder.decode(Uint8Array.from(bytes));
				return `text ${Array.from(text, (character) => character.codePointAt(0)).join(" ")}`;
			} catch {
				return "text refused";
			}
		});
		assert.ok(expected.includes("text refused") && expected.some((line) => line.includes("65552")));
		// The environment has room for so much at a time.
		for (let i = 0; i < cases.length; i += 4000)
			assert.deepEqual(await lines([], cases.slice(i, i + 4000)), expected.slice(i, i + 4000));
	});
});
