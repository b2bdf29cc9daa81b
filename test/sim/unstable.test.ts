/**
 * An abort of XS is a restart that nobody is asked about, and what caused it waits at the hub. A machine that is aborted three times by
 * its desired properties connects at the fourth start all the same, says so, and is repaired over the hub.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startCloud } from "../../cloud/cloud.ts";
import type { CloudEvent } from "../../cloud/event.ts";
import { buildForXs, skip } from "../../hw/simulator/harness.ts";
import { environmentOf } from "../../hw/simulator/settings.ts";
import { RESERVED } from "../support/instrumented.ts";

test("three aborts by what the hub holds, and the fourth start is reached, says so and is repaired", {
	skip,
}, async () => {
	const app = await buildForXs({
		name: "unstable",
		build: "release",
		manifest: {
			include: ["$(ENROLLEE)/hw/moddable/manifest.json"],
			modules: { "*": [], main: "$(ENROLLEE)/test/sim/apps/unstable" },
		},
		machine: RESERVED,
	});
	const cloud = await startCloud({ polls: 0 });
	const flash = mkdtempSync(join(tmpdir(), "enrollee-unstable-"));
	const { operator, registrationId: id } = cloud;
	const call = async (name: string) => {
		const outcome = await operator.callMethod(id, name, {});
		return "status" in outcome && outcome.status;
	};
	const power = new AbortController();
	const boot = () => app.run({ environment: environmentOf(cloud, flash), power: power.signal });
	try {
		operator.createDevice(id);
		operator.pushDesired(id, { poison: 1 });
		for (let i = 0; i < 3; i++) {
			const { exitCode, output } = await boot();
			assert.ok(exitCode !== undefined && exitCode >= 101 && exitCode <= 103, `${exitCode}: ${output}`);
			assert.match(output, /^desired 1$/m);
		}
		const fourth = boot();
		const scenario = async () => {
			await cloud.seen(
				(event: CloudEvent) =>
					event.event === "reported" &&
					(event.patch as { enrollee?: { unstable?: { starts: number } } }).enrollee?.unstable?.starts === 3,
			);
			await cloud.seen(
				(event: CloudEvent) =>
					event.event === "subscribed" &&
					event.filter.startsWith("$iothub/methods") &&
					cloud.connections.filter(({ service }) => service === "hub").length === 4,
			);
			assert.equal(await call("echo"), 503);
			operator.pushDesired(id, { poison: 2 });
			assert.equal(await call("enrollee.resume"), 200);
			assert.equal(await call("echo"), 200);
			assert.equal(await call("enrollee.reboot"), 202);
		};
		const [{ exitCode, output }] = await Promise.all([fourth, Promise.race([scenario(), fourth])]);
		assert.equal(exitCode, 1, output);
		assert.deepEqual(output.match(/^desired .*$/gm), ["desired 2"]);
		assert.match(output, /device\.unstable: 3 starts in a row did not last/);
	} finally {
		power.abort();
		await cloud.close();
		rmSync(flash, { recursive: true, force: true });
	}
});
