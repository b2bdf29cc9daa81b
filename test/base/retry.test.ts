/** The waits: within their bounds, growing, and never below what the peer asked for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Backoff, delaySeconds, REFUSED, TRANSIENT } from "../../src/base/retry.ts";

test("each attempt doubles up to the cap; jitter takes at most half away", () => {
	for (const backoff of [TRANSIENT, REFUSED] satisfies Backoff[])
		for (let attempt = 1; attempt <= 60; attempt++) {
			const full = Math.min(backoff.capSeconds, backoff.firstSeconds * 2 ** (attempt - 1));
			assert.equal(delaySeconds(attempt, backoff, 0), full / 2);
			const most = delaySeconds(attempt, backoff, 0.999999);
			assert.ok(most > full * 0.99 && most <= full);
		}
});

test("a refusal waits an hour first and a day at most", () => {
	assert.equal(REFUSED.firstSeconds, 3600);
	assert.equal(REFUSED.capSeconds, 86400);
});

test("retry-after is never undercut and spread by at most a fifth", () => {
	assert.equal(delaySeconds(1, TRANSIENT, 0, 17), 17);
	assert.ok(delaySeconds(9, TRANSIENT, 0.999, 17) < 17 * 1.2);
});
