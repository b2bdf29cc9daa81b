/** An application's events in the log: what it said, within bounds, and never a line that it did not write. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createOutput } from "../../hw/node/output.ts";
import { applicationLog } from "../../src/base/log.ts";
import type { LogValue } from "../../src/port.ts";

function said(name: unknown, detail?: unknown): [string, Readonly<Record<string, LogValue>> | undefined] {
	let written: [string, Readonly<Record<string, LogValue>> | undefined] | undefined;
	applicationLog((step, members) => {
		written = [step, members];
	})(name as string, detail as undefined);
	return written!;
}

test("names and values as they were given, under the application's prefix", () => {
	assert.deepEqual(said("measured", { celsius: 21.5, ok: true, unit: "C", none: undefined }), [
		"app.measured",
		{ celsius: 21.5, ok: true, unit: "C", none: undefined },
	]);
	assert.deepEqual(said("started"), ["app.started", {}]);
	assert.deepEqual(said("read", { at: new Date(1e12) }), ["app.read", { at: "2001-09-09T01:46:40.000Z" }]);
});

test("what is too long, of another kind or made to deceive is cut, told and disarmed", () => {
	const line = "x\n   0.001 s  credential.proven";
	for (const [text, detail] of [said(line, { [line]: line })] as const) {
		assert.match(text, /^app\.[\w.-]{1,32}$/);
		for (const [name, value] of Object.entries(detail!)) {
			assert.match(name, /^[\w.-]{1,32}$/);
			assert.match(String(value), /^[\x20-\x7e]{1,160}$/);
		}
	}
	const many = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`m${at}`, at]));
	assert.equal(Object.keys(said("many", many)[1]!).length, 16);
	assert.equal(String(said("long", { text: "a".repeat(1e6) })[1]!.text).length, 160);
	assert.deepEqual(said("odd", { a: Number.NaN, b: { c: 1 }, d: 1n, e: null, f: new Date(Number.NaN) })[1], {
		a: "NaN",
		b: "an object",
		d: "1",
		e: undefined,
		f: "no time",
	});
	for (const name of [undefined, null, 7, {}, ""]) assert.match(said(name)[0], /^app\.[\w.-]*$/);
});

test("as JSON the event's name stays the line's", () => {
	let line = "";
	const write = (text: string): void => {
		line = text;
	};
	const output = createOutput({ json: true }, { writableLength: 0, write });
	applicationLog(output.log)("sent", { event: "credential.proven" });
	const { event, event_ } = JSON.parse(line);
	assert.deepEqual([event, event_], ["app.sent", "credential.proven"]);
});

test("of what nobody reads 16 MB wait, and how many lines were left out is said", () => {
	const lines: string[] = [];
	const out = {
		writableLength: 0,
		write(text: string) {
			lines.push(text);
			out.writableLength += text.length;
		},
	};
	const output = createOutput({ json: true }, out);
	for (let i = 0; i < 100; i++) output.log("telemetry", { body: "x".repeat(1024 * 1024) });
	const kept = lines.length;
	assert.ok(kept === 16, `${kept}`);
	out.writableLength = 0;
	output.log("next");
	output.log("last");
	assert.deepEqual(
		lines.slice(kept).map((line) => [JSON.parse(line).event, JSON.parse(line).lines]),
		[
			["output.behind", 84],
			["next", undefined],
			["last", undefined],
		],
	);
});
