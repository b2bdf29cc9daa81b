/** A device whose starts do not last keeps its application from what the hub sends, says so, and finds back (src/base/starts.ts). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Cloud } from "../../cloud/cloud.ts";
import type { CloudEvent } from "../../cloud/event.ts";
import { clock } from "../../hw/node/clock.ts";
import type { AgentOptions } from "../../src/agent.ts";
import { Starts } from "../../src/base/starts.ts";
import { Fault } from "../../src/fault.ts";
import type { ResetReason } from "../../src/port.ts";
import { PairStore } from "../../src/store/pair-store.ts";
import { Application, entropy, METHODS, subscribed } from "../support/application.ts";
import { FakeClock } from "../support/clock.ts";
import { Device, withCloud } from "../support/device.ts";
import { Power, PowerCut } from "../support/power.ts";
import { FakeStore } from "../support/store.ts";
import { offer, UpdatedDevice, reported as updateReported } from "../support/updated.ts";

const ID = "dev-001";
const HOUR_MS = 3600_000;

describe("starts", () => {
	const bench = (store = new FakeStore()) => {
		const clock = new FakeClock();
		const said: unknown[] = [];
		const log: AgentOptions["log"] = (_, detail) => said.push(detail?.code);
		const start = (lastReset?: ResetReason) => new Starts({ store, clock, lastReset }, log!);
		return { store, clock, said, start };
	};

	test("that do not last make the fourth one careful, and each costs one write", () => {
		const { store, start } = bench();
		for (let i = 1; i <= 3; i++) {
			assert.equal(start("software").unstable, undefined);
			assert.equal(store.writes, i);
		}
		assert.deepEqual(start("panic").unstable, { starts: 3, lastReset: "panic" });
		assert.deepEqual(start().unstable, { starts: 4, lastReset: "unknown" });
	});

	test("that power has ended do not count, nor do those that end as they should", () => {
		for (const reason of ["power-on", "reset-pin", "deep-sleep", "brownout"] as const) {
			const { store, start } = bench();
			for (let i = 0; i < 10; i++) assert.equal(start(reason).unstable, undefined);
			assert.equal(store.writes, 1, "the count is there already");
		}
		const { store, start } = bench();
		start();
		for (let i = 0; i < 10; i++) {
			const one = start("software");
			assert.equal(one.unstable, undefined);
			one.end();
		}
		assert.deepEqual(store.blobs.get("unstable"), Uint8Array.of(1, 0, 0));
	});

	test("stay careful over sleep and a switch when they end as they should, until they were connected for an hour in all", async () => {
		for (const reason of ["deep-sleep", "power-on"] as const) {
			const { store, clock, start } = bench();
			for (let i = 0; i < 3; i++) start("software");
			let starts = start("software");
			const wake = async (ms: number): Promise<void> => {
				starts.connected();
				await clock.advance(ms);
				starts.end();
				starts.disconnected();
				starts = start(reason);
			};
			for (let i = 0; i < 5; i++) {
				assert.equal(starts.unstable?.starts, 3, `${reason} ${i}`);
				await wake(600_000);
			}
			assert.equal(starts.leftMs, 600_000);
			// Power that is cut takes back this start, and no other.
			starts = start(reason);
			assert.equal(starts.unstable?.starts, 3);
			assert.equal(starts.leftMs, HOUR_MS, "what was connected before an end of that kind no longer counts");
			await wake(HOUR_MS - 1000);
			assert.equal(starts.leftMs, 1000);
			starts = start("panic");
			assert.equal(starts.unstable?.starts, 4);
			assert.ok(store.blobs.get("unstable"));
		}
	});

	test("keep their count over a power cut at any moment of counting, ending and forgiving", async () => {
		const life = async (cutAt: number): Promise<{ points: number; kept: number; before: number }> => {
			const blobs = new Map<string, Uint8Array>();
			const clock = new FakeClock();
			const boot = (power: Power, lastReset: ResetReason) =>
				new Starts({ store: new PairStore(new FakeStore({ blobs, power })), clock, lastReset }, () => {});
			// One more than makes it careful: a cut before a start is counted is taken for the end of the one before.
			for (let i = 0; i < 4; i++) boot(new Power(), "software");
			const power = new Power(cutAt);
			let before = 4;
			try {
				const starts = boot(power, "software");
				starts.end();
				const next = boot(power, "panic");
				before = 0;
				next.forgive();
			} catch (thrown) {
				assert.ok(thrown instanceof PowerCut);
			}
			const { unstable } = boot(new Power(), "power-on");
			return { points: power.points, kept: unstable?.starts ?? 0, before };
		};
		const { points } = await life(Number.POSITIVE_INFINITY);
		assert.ok(points > 30, `${points}`);
		for (let cut = 0; cut < points; cut++) {
			const { kept, before } = await life(cut);
			assert.ok(kept === 3 || kept === 4 || (before === 0 && kept === 0), `cut ${cut}: ${kept}`);
		}
	});

	test("last once they have been connected for an hour, in one session or in several", async () => {
		const { store, clock, start } = bench();
		for (let i = 0; i < 3; i++) start();
		const starts = start();
		starts.connected();
		await clock.advance(HOUR_MS / 2);
		starts.disconnected();
		await clock.advance(10 * HOUR_MS);
		starts.connected();
		await clock.advance(HOUR_MS / 2 - 1);
		assert.equal(starts.leftMs, 1);
		await clock.advance(1);
		assert.equal(starts.leftMs, 0);
		starts.forgive();
		assert.equal(starts.unstable, undefined);
		assert.equal(store.blobs.size, 0);
		// What ends it now is the first one again.
		assert.equal(start("panic").unstable, undefined);
		assert.deepEqual(store.blobs.get("unstable"), Uint8Array.of(1));
	});

	test("are not counted on flash that fails, and the device starts all the same", () => {
		const refuse = () => new Fault("store.full", "no room");
		const { said, start } = bench(new FakeStore({ refuse }));
		for (let i = 0; i < 5; i++) assert.equal(start().unstable, undefined);
		assert.deepEqual(said, Array(5).fill("store.full"));
	});
});

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
