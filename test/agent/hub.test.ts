/** The agent at its hub: refusals, expired and damaged credentials, reconnects and waits. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { clock } from "../../hw/node/clock.ts";
import type { Agent } from "../../src/agent.ts";
import { utf8Text } from "../../src/base/bytes.ts";
import type { Clock } from "../../src/port.ts";
import { Device, withCloud } from "../support/device.ts";

describe("at the hub", () => {
	for (const step of ["HUB-CONNECT", "HUB-CONNACK", "PUBLISH"])
		test(`a hub that closes after ${step}: a named Fault, and the certificate is used on the next run`, () =>
			withCloud({ faults: [`drop-after=${step}`] }, async (cloud) => {
				const device = new Device(cloud);
				assert.equal((await device.once()).fault?.code, "hub.closed");
				cloud.disarm();
				assert.equal((await device.once()).fault, undefined);
				assert.equal(cloud.registrations.length, 1);
				assert.equal(device.journal.current?.sequence, 1);
			}));

	test("a hub that refuses the preview api-version gets the GA version", () =>
		withCloud({ faults: ["refuse-preview"] }, async (cloud) => {
			const run = await new Device(cloud).once();
			assert.equal(run.fault, undefined);
			assert.ok(run.steps.some(({ step }) => step === "hub.api-version"));
			assert.equal(cloud.connections.at(-1)!.apiVersion, "2021-04-12");
		}));

	test("a hub that forgot its certificates: the device enrols again and the old record goes last", () =>
		withCloud({}, async (first) => {
			const device = new Device(first);
			assert.equal((await device.once()).fault, undefined);
			await withCloud({}, async (second) => {
				const moved = new Device(second, device.store);
				assert.equal((await moved.once({ hub: `${second.host}:${second.port}` })).fault, undefined);
				assert.equal(second.registrations.length, 1);
				assert.equal(moved.journal.current?.sequence, 2);
				assert.equal(moved.journal.candidate, undefined);
			});
		}));

	test("an expired certificate: the device enrols again once the hub has refused it", () =>
		withCloud({}, async (cloud) => {
			const device = new Device(cloud);
			assert.equal((await device.once()).fault, undefined);
			cloud.operator.withdraw(cloud.registrationId, "expired");
			const { notAfter } = device.journal.current!;
			const run = await device.once({}, { clock: { ...clock, now: () => notAfter } });
			assert.equal(run.fault, undefined);
			assert.ok(run.steps.some(({ step }) => step === "credential.expired"));
			assert.equal(cloud.registrations.length, 2);
		}));

	test("a clock that is far ahead does not make the device give up a certificate that the hub accepts", () =>
		withCloud({}, async (cloud) => {
			const device = new Device(cloud);
			assert.equal((await device.once()).fault, undefined);
			const run = await device.once({}, { clock: { ...clock, now: () => Date.now() + 3 * 365 * 86_400_000 } });
			assert.equal(run.fault, undefined);
			assert.equal(cloud.telemetry.length, 2);
			assert.equal(device.journal.current?.sequence, 1);
		}));

	test("a damaged record is reported and the device enrols again", () =>
		withCloud({}, async (cloud) => {
			const device = new Device(cloud);
			assert.equal((await device.once()).fault, undefined);
			const record = device.store.blobs.get("cred.a")!;
			record[record.length >> 1]! ^= 0x10;
			const run = await device.once();
			assert.equal(run.fault, undefined);
			assert.ok(run.steps.some(({ step, detail }) => step === "fault" && detail.code === "store.damaged"));
			assert.equal(cloud.registrations.length, 2);
			assert.equal(device.journal.current?.sequence, 2);
		}));
});

describe("a running agent", () => {
	test("comes back after the hub has closed, with its queue, and closes when told", () =>
		withCloud({ faults: ["drop-after=PUBLISH:1"] }, async (cloud) => {
			const states: string[] = [];
			const agent = new Device(cloud).boot({}, { onState: (state) => states.push(state) });
			const acknowledged = new Promise<void>((resolve) => agent.telemetry("once more", {}, () => resolve()));
			await acknowledged;
			agent.close();
			await agent.finished;
			assert.deepEqual(
				cloud.telemetry.map(({ body }) => utf8Text(body)),
				["once more"],
			);
			assert.deepEqual(states, [
				"enrolling",
				"connecting",
				"connected",
				"waiting",
				"connecting",
				"connected",
				"closed",
			]);
		}));

	test("waits an hour or more after a refusal, as long as retry-after says after a 429", () =>
		withCloud({}, async (cloud) => {
			for (const [fault, least, most] of [
				["disabled", 1800, 3600],
				["throttle=7", 7, 8.4],
			] as const) {
				cloud.arm(fault);
				const waits: number[] = [];
				const watched: Clock = {
					...clock,
					after(milliseconds, callback) {
						waits.push(milliseconds / 1000);
						return clock.after(milliseconds, callback);
					},
				};
				const agent: Agent = new Device(cloud).boot(
					{},
					{
						clock: watched,
						onState: (state) => state === "waiting" && queueMicrotask(() => agent.close()),
					},
				);
				await agent.finished;
				assert.ok(waits.at(-1)! >= least && waits.at(-1)! <= most, `${fault}: ${waits.at(-1)} s`);
				cloud.disarm();
			}
		}));
});
