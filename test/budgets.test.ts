/** The comparison that continuous integration makes of measured numbers with bench/budgets.json. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compare } from "../bench/budgets.ts";

test("numbers within 5 % of the budget pass, either way", () => {
	assert.deepEqual(compare({ a: { b: 1000 }, c: 0 }, { a: { b: 1050 }, c: 0 }), []);
	assert.deepEqual(compare({ a: 1000 }, { a: 950 }), []);
});

test("a number off by more fails with both numbers, also when it got better", () => {
	assert.deepEqual(compare({ a: { b: 1000 } }, { a: { b: 1051 } }), ["bench: a.b: budget 1000, measured 1051"]);
	assert.deepEqual(compare({ a: 1000 }, { a: 949 }), ["bench: a: budget 1000, measured 949"]);
});

test("a number without a budget, or a budget without a number, fails", () => {
	assert.deepEqual(compare({}, { a: 1 }), ["bench: a: budget undefined, measured 1"]);
	assert.deepEqual(compare({ a: 1 }, {}), ["bench: a: budget 1, measured undefined"]);
});
