/** A small fleet through its day: power-up against a throttle, an outage, the return. `npm run fleet` is the large one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { plot } from "../../bench/fleet/plot.ts";
import { rowsOf } from "../../bench/fleet/report.ts";
import { runFleet } from "../../bench/fleet/run.ts";
import { Tally } from "../../bench/fleet/tally.ts";
import type { Happening } from "../../cloud/event.ts";

const DEVICES = 24;

test("a fleet that powers up at once against a throttle enrols, nobody too soon, and comes back after an outage", async () => {
	const limits = { registrations: 10, connections: 50 };
	const report = await runFleet({ devices: DEVICES, workers: 2, limits, rest: 1, outage: 3 });
	const { began, end, broken } = report;
	assert.deepEqual(broken, []);
	assert.equal(end.connected, DEVICES);
	assert.equal(end.assigned, DEVICES);
	assert.equal(end.acknowledged, 2 * DEVICES);
	assert(end.throttled > 0, "the throttle was never met");
	assert(began.return!.attempts > began.outage!.attempts, "nobody tried during the outage");
	assert.equal(end.registers, began.outage!.registers);
	assert(rowsOf(report).length > 10);
	const svg = plot(report);
	assert.match(svg, /class="outage"/);
	assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
});

test("the tally sees what comes too soon", () => {
	const tally = new Tally();
	const at = (time: number, happening: Happening) => tally.take({ time, ...happening });
	const refusal = {
		event: "registered",
		deviceId: "a",
		status: 429,
		outcome: "refused",
		retryAfterSeconds: 2,
	} as const;
	const register = { event: "register", deviceId: "a", apiVersion: "" } as const;
	at(0, refusal);
	at(2000, register);
	assert.equal(tally.counts.hasty, 0);
	at(3000, refusal);
	at(4999, refusal);
	assert.equal(tally.counts.hasty, 1);
	at(6998, register);
	assert.equal(tally.counts.hasty, 2);
	at(6999, { event: "poll", deviceId: "a", early: true });
	assert.deepEqual([tally.counts.early, tally.counts.throttled, tally.counts.registers], [1, 3, 2]);
});
