/** What is read of the topic of an answer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parameter, splitAnswer } from "../../src/base/topic.ts";

test("an answer has a status of three digits, and a query", () => {
	assert.deepEqual(splitAnswer("a/", "a/200/?$rid=1"), { status: 200, query: "$rid=1" });
	assert.deepEqual(splitAnswer("a/", "a/200/?"), { status: 200, query: "" });
	for (const topic of ["b/200/?$rid=1", "a/20/?$rid=1", "a/2000/?", "a/200?$rid=1", "a/099/?", "a/2.5/?", "a/"])
		assert.equal(splitAnswer("a/", topic), undefined, topic);
});

test("a parameter is found by its whole name, wherever it stands; the first of several", () => {
	for (const [query, value] of [
		["$rid=1", "1"],
		["$rid=1&", "1"],
		["$rid=&a", ""],
		["a=b&$rid=1=2&$rid=3", "1=2"],
		["&&$rid=1", "1"],
		["x$rid=2&$rid=1", "1"],
		["", undefined],
		["$rid", undefined],
		["x$rid=2", undefined],
		["a=$rid=2&$ri=3", undefined],
	] as const)
		assert.equal(parameter(query, "$rid"), value, query);
});
