/** src/identity/renewal-schedule.ts: what the hub asks for holds for every attempt. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../src/config.ts";
import { Fault } from "../../src/fault.ts";
import { heldOf } from "../../src/identity/held.ts";
import { RenewalSchedule } from "../../src/identity/renewal-schedule.ts";
import { FakeClock } from "../support/clock.ts";
import { FakeEntropy } from "../support/entropy.ts";
import { proposal } from "./credential-probe.ts";

const SECOND = 1000;
const config = parseConfig({
	idScope: "0ne00000001",
	registrationId: "dev-001",
	symmetricKey: Buffer.alloc(32, 1).toString("base64"),
});

for (const [why, before] of [
	["the plan has it due", () => {}],
	["the application asks", (schedule: RenewalSchedule) => schedule.request()],
	["the last one succeeded", (schedule: RenewalSchedule) => schedule.succeeded()],
] as const)
	test(`no renewal before the hub's rest is over: ${why}`, async () => {
		const credential = heldOf({ ...proposal(0), sequence: 1 });
		const clock = new FakeClock(credential.notAfter - SECOND);
		const schedule = new RenewalSchedule();
		assert.equal(schedule.dueIn(credential, config, clock), 0);
		schedule.rest(600 * SECOND);
		schedule.rest(60 * SECOND);
		before(schedule);
		assert.equal(schedule.dueIn(credential, config, clock), 600 * SECOND);
		await clock.advance(600 * SECOND);
		assert.equal(schedule.dueIn(credential, config, clock), 0);
	});

test("after a failure the longer of both waits counts", () => {
	const credential = heldOf({ ...proposal(0), sequence: 1 });
	const clock = new FakeClock(credential.notBefore);
	const schedule = new RenewalSchedule();
	schedule.failed(new Fault("hub.throttled", "x"), credential, { clock, entropy: new FakeEntropy() });
	const own = schedule.dueIn(credential, config, clock);
	assert.ok(own > 0);
	schedule.rest(own + 5);
	assert.equal(schedule.dueIn(credential, config, clock), own + 5);
	schedule.rest(1);
	assert.equal(schedule.dueIn(credential, config, clock), own + 5);
});
