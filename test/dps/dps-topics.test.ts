/** The texts of a DPS session: user name, topics and what comes back in them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
	encodeOperationId,
	parseResponseTopic,
	queryTopic,
	registerTopic,
	username,
} from "../../src/dps/dps-topics.ts";

test("the user name has no question mark before api-version", () => {
	assert.equal(
		username("0neFEEDC0DE", "dev-001", "2025-07-01-preview"),
		"0neFEEDC0DE/registrations/dev-001/api-version=2025-07-01-preview&ClientVersion=enrollee",
	);
});

test("requests", () => {
	assert.equal(registerTopic("1"), "$dps/registrations/PUT/iotdps-register/?$rid=1");
	assert.equal(
		queryTopic("2", encodeOperationId("4.d0a6&x")),
		"$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=4.d0a6%26x",
	);
});

test("the parameters of an answer come in any order", () => {
	for (const query of ["$rid=1&retry-after=120", "retry-after=120&$rid=1", "x=y&retry-after=120&$rid=1&"])
		assert.deepEqual(parseResponseTopic(`$dps/registrations/res/202/?${query}`), {
			status: 202,
			requestId: "1",
			retryAfterSeconds: 120,
			retryAfterGiven: true,
		});
});

test("retry-after: absent is 2 s, the rest is held to 1..300", () => {
	for (const [given, seconds] of [
		["", 2],
		["&retry-after=0", 1],
		["&retry-after=1", 1],
		["&retry-after=300", 300],
		["&retry-after=301", 300],
		["&retry-after=x", 2],
	] as const)
		assert.equal(parseResponseTopic(`$dps/registrations/res/202/?$rid=1${given}`)?.retryAfterSeconds, seconds);
});
