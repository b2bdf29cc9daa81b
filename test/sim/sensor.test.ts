/** examples/sensor on XS against the local cloud: twin, method, message and telemetry, with a reconnect in the middle. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { startCloud } from "../../cloud/cloud.ts";
import type { CloudEvent } from "../../cloud/event.ts";
import { buildForXs, project, skip } from "../../hw/simulator/harness.ts";
import { environmentOf } from "../../hw/simulator/settings.ts";

test("the example has at most 60 lines", () => {
	const { length } = readFileSync(join(project, "examples/sensor/app.ts"), "utf8").trimEnd().split("\n");
	assert.equal(length <= 60, true, `${length} lines`);
});

describe("the sensor on XS", { skip }, () => {
	test("measures, follows its twin over a reconnect, shows messages, and restarts when told", async () => {
		const app = await buildForXs({
			name: "sensor",
			build: "release",
			manifest: join(project, "examples/sensor/manifest.json"),
		});
		const cloud = await startCloud({ polls: 0 });
		const state = mkdtempSync(join(tmpdir(), "enrollee-sensor-"));
		const { operator } = cloud;
		const id = cloud.registrationId;
		try {
			const run = app.run({
				environment: {
					...environmentOf(cloud, state),
					ENROLLEE_FIRMWARE: "7.0",
				},
			});
			const scenario = async () => {
				const nth = (fits: (event: CloudEvent) => boolean, times = 1) => {
					let left = times;
					return cloud.seen((event: CloudEvent) => fits(event) && --left === 0);
				};
				const subscribed = (filter: string, times: number) =>
					nth((event) => event.event === "subscribed" && event.filter.startsWith(filter), times);
				const reported = (seconds: number) =>
					nth(
						(event) =>
							event.event === "reported" && (event.patch as { intervalSeconds?: number }).intervalSeconds === seconds,
					);
				const twin = () =>
					cloud.device(id)!.reported.properties as { enrollee: { firmware: string; faults: { code: string }[] } };

				await subscribed("devices/", 1);
				const measured = await operator.callMethod(id, "measure");
				assert.equal("status" in measured && measured.status, 200);
				const { temperature } = (measured as { payload: { temperature: number } }).payload;
				assert.equal(temperature >= 15 && temperature <= 25, true, String(temperature));

				operator.pushDesired(id, { intervalSeconds: 2 });
				await reported(2);
				assert.equal(twin().enrollee.firmware, "7.0");
				operator.disconnect(id);
				operator.pushDesired(id, { intervalSeconds: 30 });
				operator.sendMessage(id, "hello");
				await reported(30);
				await nth((event) => event.event === "message-acknowledged");
				await subscribed("devices/", 2);
				const status = await operator.callMethod(id, "enrollee.status");
				assert.equal("status" in status && status.status, 200);
				const { state, faults } = (status as { payload: { state: string; faults: { code: string }[] } }).payload;
				assert.equal(state, "connected");
				assert.match(faults[0]?.code ?? "none", /\.closed$/);
				const reboot = await operator.callMethod(id, "enrollee.reboot");
				assert.equal("status" in reboot && reboot.status, 202);
			};
			const { exitCode, output } = await Promise.all([run, Promise.race([scenario(), run])]).then(([ended]) => ended);
			assert.equal(exitCode, 1, output);
			assert.match(output, /app.display .*hello/);
			const kinds = cloud.telemetry.map(({ properties }) => properties.kind);
			assert.equal(kinds.length >= 2 && kinds.every((kind) => kind === "climate"), true, String(kinds));
		} finally {
			await cloud.close();
			rmSync(state, { recursive: true, force: true });
		}
	});
});
