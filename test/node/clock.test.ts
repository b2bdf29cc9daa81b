/** The clock on Node: waits as long as asked, also longer than setTimeout can, and not after it was cancelled. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { clock } from "../../hw/node/clock.ts";

test("ticks never go back and now is the wall clock", () => {
	const first = clock.ticks();
	assert.ok(clock.ticks() >= first);
	const [before, now, after] = [Date.now(), clock.now(), Date.now()];
	assert.ok(before <= now && now <= after);
});

test("calls back once, in the order of the waits, never at once", (t) => {
	t.mock.timers.enable({ apis: ["setTimeout"] });
	const called: string[] = [];
	clock.after(20, () => called.push("later"));
	clock.after(0, () => called.push("soon"));
	clock.after(-5, () => called.push("past"));
	clock.after(5, () => called.push("cancelled"))();
	called.push("now");
	t.mock.timers.tick(19);
	assert.deepEqual(called, ["now", "soon", "past"]);
	t.mock.timers.tick(60_000);
	assert.deepEqual(called, ["now", "soon", "past", "later"]);
});

test("a wait of 60 days is one wait", (t) => {
	const DAY = 86_400_000;
	t.mock.timers.enable({ apis: ["setTimeout"] });
	let passed = 0;
	t.mock.method(performance, "now", () => passed);
	let called = 0;
	clock.after(60 * DAY, () => called++);
	const cancel = clock.after(40 * DAY, () => assert.fail("was cancelled"));
	for (let day = 1; day <= 59; day++) {
		passed += DAY;
		t.mock.timers.tick(DAY);
		if (day === 30) cancel();
		assert.equal(called, 0, `day ${day}`);
	}
	passed += DAY;
	t.mock.timers.tick(DAY);
	assert.equal(called, 1);
});
