/** An update and something else that takes room at the same time: a renewal, much from the hub. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cloud } from "../../cloud/cloud.ts";
import type { CloudEvent } from "../../cloud/event.ts";
import { withCloud } from "../support/device.ts";
import { offer, reported, UpdatedDevice } from "../support/updated.ts";

/** `meanwhile`: while the first download is silent. Gives the steps of the whole, once the update is installed. */
async function stepsWith(meanwhile: (cloud: Cloud, device: UpdatedDevice) => unknown): Promise<string[]> {
	const steps: string[] = [];
	await withCloud({ faults: ["update-stall=1000:1"] }, async (cloud) => {
		const device = new UpdatedDevice(cloud);
		try {
			await reported(cloud, ({ state }) => state === "idle");
			offer(cloud);
			await reported(cloud, ({ state }) => state === "fetching");
			await meanwhile(cloud, device);
			await reported(cloud, ({ installed }) => installed === 2);
			steps.push(...device.steps.map(({ step }) => step));
		} finally {
			await device.stop();
		}
	});
	return steps;
}

test("a download rests while a certificate is asked for, and goes on under that", async () => {
	const steps = await stepsWith((_, device) => device.agent.renew());
	const isOf = (step: string) => step === "ota.download" || step.startsWith("credential.") || step === "fault";
	const since = steps.slice(steps.indexOf("credential.proven") + 1).filter(isOf);
	assert.deepEqual(since.slice(0, 4), ["ota.download", "credential.stored", "credential.proven", "ota.download"]);
});

test("it goes on, too, where the certificates are refused and DPS issues none: over the next session under the old one", async () => {
	const steps = await stepsWith((cloud, device) => {
		cloud.arm("expired-cert:1");
		cloud.arm("disabled");
		device.agent.renew();
	});
	const since = steps.slice(steps.indexOf("renewal.request"));
	const own = since.filter((step) => /^(ota.download|hub.connected|credential.stored|renewal.failed)$/.test(step));
	assert.deepEqual(own.slice(0, 3), ["renewal.failed", "hub.connected", "ota.download"]);
});

test("a download gives way to much that the hub sends at once, and goes on behind it", async () => {
	const steps = await stepsWith(async (cloud) => {
		await cloud.seen((event: CloudEvent) => event.event === "download" && event.name.endsWith(".bin"));
		cloud.operator.pushDesired("dev-001", { one: "x".repeat(3000), two: "x".repeat(3000) });
	});
	const own = steps.filter((step) => step.startsWith("ota.") || step === "fault");
	assert.deepEqual(own.slice(own.indexOf("ota.offered"), own.indexOf("ota.restart")), [
		"ota.offered",
		"ota.download",
		"ota.download",
	]);
});
