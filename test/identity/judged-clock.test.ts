/** The judgement on the wall clock, and a device whose clock is wrong in every way. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { clock as realClock } from "../../hw/node/clock.ts";
import { JudgedClock } from "../../src/identity/judged-clock.ts";
import type { Credential } from "../../src/identity/record.ts";
import { RELEASED, VERSION } from "../../src/release.ts";
import { FakeClock } from "../support/clock.ts";
import { Device, withCloud } from "../support/device.ts";

const DAY = 86_400_000;
const credential = (notBefore: number, notAfter: number): Credential => ({ notBefore, notAfter }) as Credential;

test("the release in the source is the one in package.json", () => {
	const { version, releaseDate } = JSON.parse(readFileSync("package.json", "utf8"));
	assert.equal(VERSION, version);
	assert.equal(new Date(RELEASED).toISOString().slice(0, 10), releaseDate);
});

test("a clock is never taken to be behind the release or the certificate's beginning", () => {
	const clock = new FakeClock(0);
	const issued = RELEASED + 400 * DAY;
	assert.equal(new JudgedClock(clock, () => undefined).now(), RELEASED);
	assert.equal(new JudgedClock(clock, () => credential(issued, issued + 30 * DAY)).now(), issued);
	clock.set(issued + DAY);
	assert.equal(new JudgedClock(clock, () => credential(issued, issued + 30 * DAY)).now(), issued + DAY);
});

test("a clock that cannot be right has a Fault; one that is right has none", () => {
	const clock = new FakeClock(0);
	const issued = RELEASED + 400 * DAY;
	const judged = new JudgedClock(clock, () => credential(issued, issued + 30 * DAY));
	for (const [now, code] of [
		[0, "clock.unset"],
		[RELEASED - 1, "clock.unset"],
		[issued - 1, "clock.implausible"],
		[issued, undefined],
		[issued + 30 * DAY - 1, undefined],
		[issued + 30 * DAY, "clock.implausible"],
	] as const) {
		clock.set(now);
		assert.equal(judged.fault?.code, code);
	}
});

describe("a device with a wrong clock enrols and works", () => {
	for (const [name, now] of [
		["1970", 0],
		["a year behind", Date.now() - 365 * DAY],
		["an hour behind", Date.now() - DAY / 24],
	] as const)
		test(name, () =>
			withCloud({}, async (cloud) => {
				const device = new Device(cloud);
				const input = {
					onboardingCert: readFileSync(cloud.onboardingCert, "utf8"),
					onboardingKey: readFileSync(cloud.onboardingKey, "utf8"),
				};
				let syncs = 0;
				const clock = { ...realClock, now: () => now, sync: () => void syncs++ };
				const run = await device.once(input, { clock });
				assert.equal(run.fault, undefined);
				const faults = run.steps.filter(({ step }) => step === "fault").map(({ detail }) => detail.code);
				if (now === 0) assert.deepEqual(faults, ["clock.unset"]);
				if (now === 0) assert.equal(syncs, 1);
				assert.equal((await device.once(input, { clock })).fault, undefined);
				assert.equal(cloud.registrations.length, 1);
			}),
		);
});
