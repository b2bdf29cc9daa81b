/** When a download gives way to what the hub sends, and for how long. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Pressure } from "../../src/update/pressure.ts";
import { FakeClock } from "../support/clock.ts";

function bench() {
	const clock = new FakeClock();
	const changes: boolean[] = [];
	const pressure: Pressure = new Pressure(clock, () => changes.push(pressure.isHigh));
	return { clock, changes, pressure };
}

test("4 KB within a second are no pressure, one byte more is", async () => {
	const { clock, changes, pressure } = bench();
	await clock.advance(5000);
	for (let i = 0; i < 4; i++) pressure.add(1024);
	assert.deepEqual(changes, []);
	pressure.add(1);
	assert.deepEqual(changes, [true]);
});

test("eight small messages within a second are none, nine are", () => {
	const { changes, pressure } = bench();
	for (let i = 0; i < 8; i++) pressure.add(1);
	assert.deepEqual(changes, []);
	pressure.add(1);
	assert.deepEqual(changes, [true]);
});

test("2 KB each second, for an hour, are none", async () => {
	const { clock, changes, pressure } = bench();
	for (let second = 0; second < 3600; second++) {
		pressure.add(2048);
		await clock.advance(1000);
	}
	assert.deepEqual([changes, clock.waiting], [[], 0]);
});

test("it lasts until nothing has come for two seconds, with one timer", async () => {
	const { clock, changes, pressure } = bench();
	for (let i = 0; i < 1000; i++) pressure.add(2048);
	assert.equal(clock.waiting, 1);
	await clock.advance(1500);
	pressure.add(1);
	await clock.advance(1500);
	assert.deepEqual(changes, [true]);
	await clock.advance(500);
	assert.deepEqual([changes, clock.waiting], [[true, false], 0]);
	pressure.add(5000);
	assert.deepEqual(changes, [true, false, true]);
	pressure.close();
	assert.equal(clock.waiting, 0);
});
