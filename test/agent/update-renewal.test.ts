/** An update and a renewal at the same time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { withCloud } from "../support/device.ts";
import { offer, reported, UpdatedDevice } from "../support/updated.ts";

test("a download rests while a certificate is asked for, and goes on under that", () =>
	withCloud({ faults: ["update-stall=1000:1"] }, async (cloud) => {
		const device = new UpdatedDevice(cloud);
		try {
			await reported(cloud, ({ state }) => state === "idle");
			offer(cloud);
			await reported(cloud, ({ state }) => state === "fetching");
			device.agent.renew();
			await reported(cloud, ({ installed }) => installed === 2);
			const steps = device.steps.map(({ step }) => step);
			const isOf = (step: string) => step === "ota.download" || step.startsWith("credential.") || step === "fault";
			const since = steps.slice(steps.indexOf("credential.proven") + 1).filter(isOf);
			assert.deepEqual(since.slice(0, 4), ["ota.download", "credential.stored", "credential.proven", "ota.download"]);
		} finally {
			await device.stop();
		}
	}));
