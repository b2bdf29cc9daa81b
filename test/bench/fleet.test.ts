/** A small fleet through its day: power-up against a throttle, an outage, the return. `npm run fleet` is the large one. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { plot } from "../../bench/fleet/plot.ts";
import { rowsOf } from "../../bench/fleet/report.ts";
import { type FleetReport, runFleet } from "../../bench/fleet/run.ts";
import { Tally } from "../../bench/fleet/tally.ts";
import type { Happening } from "../../cloud/event.ts";

const DEVICES = 24;
let fleet: FleetReport;

test("a fleet that powers up at once against a throttle enrols, nobody too soon, and comes back after an outage", async () => {
	const limits = { registrations: 10, connections: 50 };
	const report = await runFleet({ devices: DEVICES, workers: 2, limits, atOnce: true, rest: 1, outage: 3 });
	fleet = report;
	const { began, end, broken } = report;
	assert.deepEqual(broken, []);
	assert.equal(end.connected, DEVICES);
	assert.equal(end.assigned, DEVICES);
	assert.equal(end.acknowledged, 2 * DEVICES);
	assert(end.throttled > 0, "the throttle was never met");
	// That somebody tried during the outage, it has waited for.
	assert.equal(end.registers, began.outage!.registers);
	assert(rowsOf(report).length > 10);
	const svg = plot(report);
	assert.match(svg, /class="outage"/);
	assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
});

test("docs/local-cloud.md: what a device of the thousand costs, one of this fleet does, too", () => {
	const text = readFileSync(new URL("../../docs/local-cloud.md", import.meta.url), "utf8");
	assert.match(readFileSync(new URL("../../docs/fleet.svg", import.meta.url), "utf8"), /<title>1000 devices:/);
	const rows = (label: string): number[][] =>
		[...text.matchAll(new RegExp(`^ *${label} +(\\d.*)$`, "gm"))].map(([, cell]) =>
			cell!.match(/[\d.]+/g)!.map(Number),
		);
	const [powerUp, back] = rows("MQTT connections") as [number[], number[]];
	const [[registers, polls, throttled]] = rows("register and poll requests") as [number[]];
	const { began, end } = fleet;
	const rest = began.rest!;
	const near = (claimed: number, count: number, factor: number, what: string): void => {
		const [thousand, here] = [claimed / 1000, count / DEVICES];
		assert.ok(thousand <= here * factor && thousand >= here / factor, `${what}: ${thousand} a device, here ${here}`);
	};
	near(powerUp[0]!, rest.connects, 1.5, "connections");
	near(registers!, rest.registers, 1.5, "requests");
	assert.deepEqual([polls! / 1000, rest.polls / DEVICES], [1, 1]);
	// How many come in the first second is the machine's.
	near(throttled!, rest.throttled, 4, "429");
	near(back[0]!, end.connects - began.return!.connects, 1.5, "connections after the outage");
	const nobody = [end.hasty + end.early, rest.refused, end.refused - began.return!.refused, end.assigned - DEVICES];
	const said = ["sooner than retry-after allows", "hub connections refused by the throttle", "refused by the throttle"];
	assert.deepEqual(
		[...said, "enrolled again"].map((label) => rows(label)[0]![0]),
		nobody,
	);
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
