/** The comparison that continuous integration makes of measured numbers with bench/budgets.json. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { compare, median } from "../../bench/budgets.ts";

test("numbers within 5 % of the budget pass, either way", () => {
	assert.deepEqual(compare({ a: { b: 1000 }, c: 0 }, { a: { b: 1050 }, c: 0 }), []);
	assert.deepEqual(compare({ a: 1000 }, { a: 950 }), []);
});

test("a slot more or less passes, where 5 % are less than that", () => {
	assert.deepEqual(compare({ a: 0, b: 100 }, { a: 16, b: 84 }), []);
	assert.equal(compare({ a: 0 }, { a: 17 }).length, 1);
});

test("the median is taken number by number", () => {
	const runs = [
		{ a: { b: 3 }, c: 10 },
		{ a: { b: 1 }, c: 9 },
		{ a: { b: 2 }, c: 20 },
	];
	assert.deepEqual(median(runs), { a: { b: 2 }, c: 10 });
});

test("the agent's budget up to the first telemetry is at most 64 KB of RAM", () => {
	const { memory } = JSON.parse(readFileSync(new URL("../../bench/budgets.json", import.meta.url), "utf8")).agent;
	for (const phase of ["boot", "csr", "dps", "enrolled", "hub", "connected", "telemetry"]) {
		const { takenChunkBytes, takenSlots, stackSlots, sumBytes } = memory[phase];
		assert.equal(sumBytes, takenChunkBytes + 16 * (takenSlots + stackSlots), phase);
		assert.ok(sumBytes <= 65_536, `${phase}: ${sumBytes} bytes`);
	}
});

test("a number off by more fails with both numbers, also when it got better", () => {
	assert.deepEqual(compare({ a: { b: 1000 } }, { a: { b: 1051 } }), ["bench: a.b: budget 1000, measured 1051"]);
	assert.deepEqual(compare({ a: 1000 }, { a: 949 }), ["bench: a: budget 1000, measured 949"]);
});

test("a number without a budget, or a budget without a number, fails", () => {
	assert.deepEqual(compare({}, { a: 1 }), ["bench: a: budget undefined, measured 1"]);
	assert.deepEqual(compare({ a: 1 }, {}), ["bench: a: budget 1, measured undefined"]);
});
