/** The agent on XS against the local cloud, over real TLS: enrolment, hub, telemetry, and what a second run keeps. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Cloud, startCloud } from "../cloud/cloud.ts";
import { type App, buildForXs, type Run, skip } from "./harness.ts";

describe("the agent on XS", { skip }, () => {
	let app: App;
	let cloud: Cloud;
	const folders: string[] = [];
	before(async () => {
		app = await buildForXs({
			name: "agent",
			manifest: {
				include: ["$(ENROLLEE)/hw/moddable/manifest.json"],
				modules: { "*": [], main: "$(ENROLLEE)/test/sim/apps/agent" },
			},
		});
		cloud = await startCloud({ retryAfterSeconds: 1 });
	});
	after(async () => {
		await cloud?.close();
		for (const folder of folders) rmSync(folder, { recursive: true, force: true });
	});

	const flash = (): string => {
		const folder = mkdtempSync(join(tmpdir(), "enrollee-sim-"));
		folders.push(folder);
		return folder;
	};
	const run = (state: string, credential: Readonly<Record<string, string>>): Promise<Run> =>
		app.run({
			timeoutSeconds: 60,
			environment: {
				ENROLLEE_STATE: state,
				ENROLLEE_DPS: `${cloud.host}:${cloud.port}`,
				ENROLLEE_ID_SCOPE: cloud.idScope,
				ENROLLEE_REGISTRATION_ID: cloud.registrationId,
				ENROLLEE_CA: readFileSync(cloud.rootCa, "utf8"),
				...credential,
			},
		});

	test("enrols by symmetric key, and the second run uses the credential without enrolling", async () => {
		const state = flash();
		const first = await run(state, { ENROLLEE_SYMMETRIC_KEY: cloud.symmetricKey });
		assert.equal(first.exitCode, 0, first.output);
		assert.match(first.output, /telemetry acknowledged/);
		assert.equal(cloud.registrations.length, 1);
		assert.equal(cloud.telemetry.length, 1);
		const hub = cloud.connections.filter(({ service }) => service === "hub");
		assert.deepEqual(
			hub.map(({ credential, deviceId }) => [credential, deviceId]),
			[["x509", cloud.registrationId]],
		);

		const second = await run(state, {});
		assert.equal(second.exitCode, 0, second.output);
		assert.equal(cloud.registrations.length, 1);
		assert.equal(cloud.telemetry.length, 2);
		const serials = cloud.connections.filter(({ service }) => service === "hub").map(({ serial }) => serial);
		assert.equal(serials.length, 2);
		assert.equal(serials[0], serials[1]);
	});
});
