/** Requests whose outcome is lost again and again wait longer; what DPS itself says is heard as it was. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault, type FaultCode } from "../../src/fault.ts";
import { EnrolmentPace } from "../../src/identity/enrolment-pace.ts";
import { FakeClock } from "../support/clock.ts";
import { isFault } from "../support/random.ts";

const entropy = { fill: (bytes: Uint8Array) => void bytes.fill(0) };

async function attempts(count: number, code: FaultCode, requested = true): Promise<Fault[]> {
	const clock = new FakeClock();
	const pace = new EnrolmentPace(clock, entropy);
	const faults: Fault[] = [];
	while (faults.length < count) {
		pace.begin();
		if (requested) pace.requested();
		const fault = pace.failed(new Fault(code, "no"));
		faults.push(fault);
		await clock.advance((fault.retryAfterSeconds ?? 2) * 1000);
	}
	return faults;
}

test("three lost requests wait as transient failures do; then a quarter of an hour, doubling to six hours", async () => {
	for (const code of ["mqtt.closed", "wire.closed", "wire.timeout", "mqtt.timeout", "dps.timeout"] as const) {
		const faults = await attempts(10, code);
		assert.deepEqual(new Set(faults.map((fault) => fault.code)), new Set([code]));
		assert.ok(faults.every(({ retryable }) => retryable));
		const waits = faults.map(({ retryAfterSeconds }) => retryAfterSeconds ?? 0);
		assert.deepEqual(waits, [0, 0, 0, 450, 900, 1800, 3600, 7200, 10_800, 10_800]);
	}
});

test("what was lost before the request, and what DPS answered, is as it was", async () => {
	for (const [code, requested] of [
		["wire.refused", false],
		["mqtt.closed", false],
		["dps.unavailable", true],
		["dps.throttled", true],
		["dps.not-found", true],
		["cert.chain", true],
	] as const)
		assert.ok(
			(await attempts(10, code, requested)).every((fault) => fault.retryAfterSeconds === undefined),
			code,
		);
});

test("an outcome, good or bad, ends the row; and the wait holds for whatever asks next", async () => {
	const clock = new FakeClock();
	const pace = new EnrolmentPace(clock, entropy);
	const lose = () => {
		pace.begin();
		pace.requested();
		return pace.failed(new Fault("mqtt.closed", "no")).retryAfterSeconds;
	};
	for (const end of [() => pace.succeeded(), () => void pace.failed(new Fault("dps.unavailable", "503"))]) {
		assert.deepEqual([lose(), lose(), lose()], [undefined, undefined, undefined]);
		pace.begin();
		pace.requested();
		end();
	}
	assert.deepEqual([lose(), lose(), lose(), lose()], [undefined, undefined, undefined, 450]);
	assert.throws(() => pace.begin(), isFault("dps.throttled"));
	await clock.advance(450_000);
	pace.begin();
});
