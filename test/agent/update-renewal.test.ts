/** An update and something else that takes room at the same time: a renewal, much from the hub. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CloudEvent } from "../../cloud/event.ts";
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

test("a download gives way to much that the hub sends at once, and goes on behind it", () =>
	withCloud({ faults: ["update-stall=1000:1"] }, async (cloud) => {
		const device = new UpdatedDevice(cloud);
		try {
			await reported(cloud, ({ state }) => state === "idle");
			offer(cloud);
			await reported(cloud, ({ state }) => state === "fetching");
			await cloud.seen((event: CloudEvent) => event.event === "download" && event.name.endsWith(".bin"));
			cloud.operator.pushDesired("dev-001", { one: "x".repeat(3000), two: "x".repeat(3000) });
			await reported(cloud, ({ installed }) => installed === 2);
			const steps = device.steps.map(({ step }) => step).filter((step) => step.startsWith("ota.") || step === "fault");
			assert.deepEqual(steps.slice(steps.indexOf("ota.offered"), steps.indexOf("ota.restart")), [
				"ota.offered",
				"ota.download",
				"ota.download",
			]);
		} finally {
			await device.stop();
		}
	}));
