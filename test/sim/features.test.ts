/** Twin, methods, messages and telemetry on XS at the hub's limits and one past them, before and after a reconnect. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startCloud } from "../../cloud/cloud.ts";
import type { CloudEvent } from "../../cloud/event.ts";
import { buildForXs, skip } from "../../hw/simulator/harness.ts";
import { environmentOf } from "../../hw/simulator/settings.ts";
import {
	MOST_MESSAGE_BYTES,
	MOST_METHOD_BYTES,
	MOST_SECTION_BYTES,
	MOST_TELEMETRY_BYTES,
} from "../../src/hub/limits.ts";
import { sectionBytes } from "../../src/hub/section.ts";
import { FAULTS } from "../../src/remedies.ts";

const NUMBERS = [0, -0.5, 1e21, 1.5e-7, 0.1, 123456789.123, Number.MAX_SAFE_INTEGER, 5e-324, 1 / 3];

test("the hub's limits on XS, before and after a reconnect", { skip }, async () => {
	const app = await buildForXs({
		name: "features",
		build: "release",
		manifest: {
			include: ["$(ENROLLEE)/hw/moddable/manifest.json"],
			modules: { "*": [], main: "$(ENROLLEE)/test/sim/apps/features" },
		},
	});
	const cloud = await startCloud({ polls: 0 });
	const flash = mkdtempSync(join(tmpdir(), "enrollee-features-"));
	const { operator, registrationId: id } = cloud;
	const nth = (fits: (event: CloudEvent) => boolean, times = 1) => {
		let left = times;
		return cloud.seen((event: CloudEvent) => fits(event) && --left === 0);
	};
	const call = async (name: string, payload: unknown) => {
		const outcome = await operator.callMethod(id, name, payload);
		assert.ok("status" in outcome, JSON.stringify(outcome));
		return outcome;
	};
	const message = async (bytes: number) => {
		const sent = operator.sendMessage(id, "m".repeat(bytes));
		await nth((event) => event.event === "message-acknowledged" && event.id === sent);
	};
	const around = "$.mid".length + 36 + "$.to".length + `/devices/${id}/messages/deviceBound`.length;
	const subscribed = (session: number) =>
		nth((event) => event.event === "subscribed" && event.filter.startsWith("devices/"), session);
	const atTheLimits = async () => {
		const text = "x".repeat(MOST_METHOD_BYTES - 2);
		assert.equal((await call("echo", text)).payload, text);
		assert.equal((await call("echo", `${text}x`)).status, 413);
		assert.equal((await call("telemetry", MOST_TELEMETRY_BYTES)).payload, "ok");
		assert.equal((await call("telemetry", MOST_TELEMETRY_BYTES + 1)).payload, "hub.too-large");
		// The agent's own sections are in it already.
		await nth((event) => event.event === "reported");
		const own = sectionBytes(cloud.device(id)!.reported.properties);
		assert.ok(own > 0);
		assert.equal((await call("report", MOST_SECTION_BYTES - own)).payload, "ok");
		assert.equal((await call("report", MOST_SECTION_BYTES - own + 1)).payload, "hub.bad-request");
		assert.equal((await call("report", MOST_SECTION_BYTES + 1)).payload, "hub.too-large");
		await message(MOST_MESSAGE_BYTES - around);
		await message(MOST_MESSAGE_BYTES - around + 1);
	};
	const small = async () => {
		assert.equal((await call("echo", "é")).payload, "é");
		assert.equal((await call("Echo", 1)).payload, 1);
		// Read as it comes, though larger than what is held of a message: it may be an offer of an update.
		assert.equal((await call("enrollee.status", "a".repeat(2048 + 100))).status, 200);
		assert.equal((await call("telemetry", 1)).payload, "ok");
		assert.equal((await call("report", 100)).payload, "ok");
		await message(5);
		// What an application says is the same on both engines, dates and objects in ROM included.
		assert.equal((await call("json", NUMBERS)).payload, "ok");
		const said = cloud.telemetry.map(({ body }) => Buffer.from(body).toString()).find((body) => body.includes('"at"'));
		const text = 'é\u{10348}\u2028\u0001\t"\\/\u007f';
		assert.equal(said, JSON.stringify({ at: new Date(86_400_001), preloaded: FAULTS, numbers: NUMBERS, text }));
		assert.equal((await call("log", null)).payload, "ok");
		assert.match(String((await call("nan", null)).payload), /hub\.invalid: .* at \.a\[0\]: NaN/);
	};
	try {
		const run = app.run({
			environment: {
				...environmentOf(cloud, flash),
				ENROLLEE_QUEUE_BYTES: "300000",
				ENROLLEE_MAX_MESSAGE_BYTES: String(MOST_METHOD_BYTES),
			},
		});
		const scenario = async () => {
			await subscribed(1);
			await atTheLimits();
			const desired = "d".repeat(4000);
			operator.pushDesired(id, Object.fromEntries([..."abcdefg"].map((name) => [name, desired])));
			operator.disconnect(id);
			operator.pushDesired(id, { h: "d".repeat(4000) });
			await subscribed(2);
			await small();
			await call("enrollee.reboot", null);
		};
		const [{ exitCode, output }] = await Promise.all([run, Promise.race([scenario(), run])]);
		assert.equal(exitCode, 1, output);
		const line = "app.measured  at=1970-01-02T00:00:00.001Z  celsius=21.5  text=a?b  preloaded=an object";
		assert.ok(output.includes(line), output);
		const lines = output.split("\n");
		assert.deepEqual(
			lines.filter((line) => line.startsWith("message ")),
			[`message ${MOST_MESSAGE_BYTES - around}`, "message 5"],
		);
		assert.ok(lines.includes("desired all 3 32057"), output);
		assert.equal(cloud.telemetry.length, 3);
		const hub = cloud.connections.filter(({ service }) => service === "hub");
		assert.deepEqual(
			hub.map(({ resumed }) => resumed),
			[false, true],
		);
	} finally {
		await cloud.close();
		rmSync(flash, { recursive: true, force: true });
	}
});
