/** A device whose starts do not last keeps its application from what the hub sends, says so, and finds back (src/base/starts.ts). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Cloud } from "../../cloud/cloud.ts";
import type { CloudEvent } from "../../cloud/event.ts";
import { clock } from "../../hw/node/clock.ts";
import { Application, entropy, METHODS, subscribed } from "../support/application.ts";
import { Device, withCloud } from "../support/device.ts";
import { FakeStore } from "../support/store.ts";
import { offer, UpdatedDevice, reported as updateReported } from "../support/updated.ts";

const ID = "dev-001";
const HOUR_MS = 3600_000;

describe("a device that has ended three times in a row", () => {
	interface Enrollee {
		readonly faults: { readonly code: string }[];
		readonly unstable?: { readonly starts: number; readonly lastReset: string };
	}
	const reported = (cloud: Cloud) => cloud.device(ID)!.reported.properties.enrollee as Enrollee;
	const reports = (cloud: Cloud, fits: (enrollee: Enrollee) => boolean) =>
		cloud.seen(
			(event: CloudEvent) => event.event === "reported" && fits((event.patch as { enrollee: Enrollee }).enrollee),
		);
	const acknowledged = (cloud: Cloud, id: string) =>
		cloud.seen((event: CloudEvent) => event.event === "message-acknowledged" && event.id === id);
	const status = async (cloud: Cloud, name: string) => {
		const outcome = await cloud.operator.callMethod(ID, name);
		assert.ok("status" in outcome, JSON.stringify(outcome));
		return outcome;
	};

	/** Ends it by what a process or a board has no time to note. */
	async function thrice(device: Device, cloud: Cloud): Promise<void> {
		assert.equal((await device.once()).fault, undefined);
		device.store.put("unstable", Uint8Array.of(3));
		cloud.operator.pushDesired(ID, { poison: 1 });
	}

	test("connects, keeps the application from all that is sent, says why, and is repaired by a call", () =>
		withCloud({}, async (cloud) => {
			const device = new Device(cloud);
			await thrice(device, cloud);
			const faults: unknown[] = [];
			const application = new Application(
				device,
				{},
				{ entropy, lastReset: "watchdog", log: (step, detail) => step === "fault" && faults.push(detail?.message) },
			);
			try {
				await reports(cloud, ({ unstable }) => unstable?.starts === 3);
				assert.deepEqual(reported(cloud).unstable, { starts: 3, lastReset: "watchdog" });
				assert.deepEqual(
					reported(cloud).faults.map(({ code }) => code),
					["device.unstable"],
				);
				await subscribed(cloud, METHODS);
				const refused = await status(cloud, "echo");
				assert.deepEqual([refused.status, (refused.payload as { code: string }).code], [503, "device.unstable"]);
				assert.equal((await status(cloud, "nobody")).status, 404);
				const { payload } = await status(cloud, "enrollee.status");
				assert.deepEqual((payload as Enrollee).unstable, { starts: 3, lastReset: "watchdog" });
				cloud.operator.pushDesired(ID, { poison: 2 });
				// Telemetry goes out as ever; the answer to it comes behind all of the above.
				assert.equal(await application.telemetry({ alive: 1 }), "ok");
				assert.deepEqual(
					application.seen.filter((one) => !/^(connecting|connected)$/.test(one)),
					[],
				);
				assert.ok(!cloud.events.some((event) => event.event === "subscribed" && event.filter.startsWith("devices/")));
				const waits = cloud.operator.sendMessage(ID, "for later");

				const back = reports(cloud, ({ unstable }) => unstable === null);
				assert.equal((await status(cloud, "enrollee.resume")).status, 200);
				await application.until('all {"poison":2}');
				await application.until('message {"text":"for later"');
				await acknowledged(cloud, waits);
				await back;
				assert.equal(reported(cloud).unstable, undefined);
				assert.equal((await status(cloud, "echo")).status, 200);
				cloud.operator.pushDesired(ID, { poison: 3 });
				await application.until('patch {"poison":3}');
				assert.equal(device.store.get("unstable"), undefined);
				assert.ok(faults.every((message) => String(message).startsWith("device.unstable")));
			} finally {
				await application.stop();
			}
		}));

	test("acknowledges messages that an earlier session has asked for, unseen, and is itself again after an hour", () =>
		withCloud({}, async (cloud) => {
			const device = new Device(cloud);
			const before = new Application(device, {}, { entropy });
			await subscribed(cloud, "devices/");
			await before.stop();
			await thrice(device, cloud);
			let ahead = 0;
			let lasted = (): void => {};
			const hours = {
				...clock,
				ticks: () => clock.ticks() + ahead,
				after: (ms: number, callback: () => void) => {
					if (ms < HOUR_MS - 10_000 || ms > HOUR_MS) return clock.after(ms, callback);
					lasted = callback;
					return () => {};
				},
			};
			const poison = cloud.operator.sendMessage(ID, "poison");
			const application = new Application(device, {}, { entropy, clock: hours });
			try {
				await acknowledged(cloud, poison);
				assert.ok(!application.seen.some((one) => one.startsWith("message")));
				ahead = HOUR_MS;
				lasted();
				await application.until('all {"poison":1}');
				cloud.operator.sendMessage(ID, "wholesome");
				await application.until('message {"text":"wholesome"');
			} finally {
				await application.stop();
			}
			assert.equal(device.store.get("unstable"), undefined);
		}));

	test("takes the update that is offered to repair it; a restart into it is none that did not last", () =>
		withCloud({}, async (cloud) => {
			const store = new FakeStore();
			store.put("unstable", Uint8Array.of(3));
			const seen: unknown[] = [];
			const twin = { onDesired: (properties: object) => seen.push(properties) };
			const device = new UpdatedDevice(cloud, () => ({}), { store, twin });
			try {
				await updateReported(cloud, ({ state }) => state === "idle");
				cloud.operator.pushDesired(ID, { poison: 1 });
				offer(cloud);
				await updateReported(cloud, ({ installed }) => installed === 2);
				assert.deepEqual(device.boots, ["ota_0", "ota_1"]);
				assert.deepEqual(seen, []);
			} finally {
				await device.stop();
			}
			assert.equal(store.get("unstable")?.[0], 3);
		}));
});
