/** TLS sessions of a running agent: it goes on from the last one at its hub, and begins anew with a new certificate. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cloud } from "../../cloud/cloud.ts";
import { Device, withCloud } from "../support/device.ts";

/** How each connection to the hub came to be: the first, one after a loss, one after a renewal. */
async function story(cloud: Cloud): Promise<string[]> {
	const connections: string[] = [];
	let isResumed = false;
	let connected = (): void => {};
	const agent = new Device(cloud).boot(
		{},
		{
			log(step) {
				if (step === "tls.resumed") isResumed = true;
				if (step !== "hub.connected") return;
				connections.push(isResumed ? "resumed" : "new");
				isResumed = false;
				connected();
			},
		},
	);
	const connection = (): Promise<void> =>
		new Promise((resolve) => {
			connected = resolve;
		});
	await connection();
	for (const event of [() => cloud.operator.disconnect(cloud.registrationId), () => agent.renew()]) {
		const again = connection();
		event();
		await again;
	}
	agent.close();
	await agent.finished;
	return connections;
}

test("a reconnect goes on from the session before, a renewed certificate begins anew", () =>
	withCloud({}, async (cloud) => {
		assert.deepEqual(await story(cloud), ["new", "resumed", "new"]);
		assert.equal(cloud.registrations.length, 1);
	}));

test("a hub that resumes nothing costs nothing", () =>
	withCloud({ resumption: false }, async (cloud) => {
		assert.deepEqual(await story(cloud), ["new", "new", "new"]);
		assert.equal(cloud.registrations.length, 1);
	}));
