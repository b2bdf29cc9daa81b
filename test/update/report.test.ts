/** A section of the reported properties while the hub takes its time: one report on its way, whatever changes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../src/fault.ts";
import type { ReportDone } from "../../src/hub/reported.ts";
import { Report } from "../../src/update/report.ts";

function bench() {
	const sent: unknown[] = [];
	const dones: ReportDone[] = [];
	const answers: (string | undefined)[] = [];
	const told: string[] = [];
	const state = { value: 0 };
	const outlet = {
		report(patch: object, done: ReportDone) {
			sent.push(patch);
			dones.push(done);
		},
	};
	const report = new Report({
		name: "ota",
		make: () => ({ ...state }),
		onAnswer: (fault) => answers.push(fault?.code),
	});
	const set = (value: number, who?: string) => {
		state.value = value;
		report.tell(outlet, who === undefined ? undefined : () => void told.push(who));
	};
	return { sent, answers, told, report, set, answer: (fault?: Fault) => dones.shift()?.(fault) };
}

test("a hundred changes before the hub answers are two reports: the first, and how it stands in the end", () => {
	const { sent, set, answer } = bench();
	for (let value = 1; value <= 100; value++) set(value);
	assert.deepEqual(sent, [{ ota: { value: 1 } }]);
	answer();
	assert.deepEqual(sent, [{ ota: { value: 1 } }, { ota: { value: 100 } }]);
	answer();
	set(100);
	assert.equal(sent.length, 2);
});

test("what has changed and changed back is not told again", () => {
	const { sent, set, answer } = bench();
	for (const value of [1, 2, 1]) set(value);
	answer();
	assert.equal(sent.length, 1);
});

test("who waits hears of it once the hub has what was to be said, and at once where it has that already", () => {
	const { sent, told, set, answer } = bench();
	set(1);
	set(2, "a");
	set(3, "b");
	set(3);
	answer();
	assert.deepEqual([sent.length, told], [2, []]);
	answer();
	assert.deepEqual(told, ["b"]);
	set(3, "c");
	assert.deepEqual([sent.length, told], [2, ["b", "c"]]);
});

test("what the hub refuses is told again with the next change; what it has no longer, at the next call", () => {
	const { sent, answers, report, set, answer } = bench();
	set(1);
	answer(new Fault("hub.bad-request", "no"));
	assert.deepEqual([sent.length, answers], [1, ["hub.bad-request"]]);
	set(1);
	answer();
	report.forget();
	set(1);
	assert.deepEqual([sent.length, answers], [3, ["hub.bad-request", undefined]]);
});
