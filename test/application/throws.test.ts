/** What becomes of what an application throws: a Fault in the log, and on trial a return to the one before. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Application, Device, Start } from "../../src/app.ts";
import { toTrial } from "../support/app-device.ts";
import { METHODS, subscribed } from "../support/application.ts";
import { FakeStore } from "../support/store.ts";
import { fail, type Served, serve, TRIAL_MS, tell } from "./app-served.ts";

/** What an application can do wrong, and what makes it do so. */
const WRONGS: Readonly<Record<string, { start: Start; provoke?: (served: Served) => Promise<unknown> }>> = {
	"its start": { start: fail },
	"its start, after it has said that it works,": {
		start(device) {
			device.confirm();
			return fail();
		},
	},
	"a start that gives nonsense": { start: () => ({ methods: null }) as unknown as Application },
	"a method": {
		start: () => ({ methods: { bad: fail } }),
		async provoke({ cloud, call }) {
			await subscribed(cloud, METHODS);
			const { status, payload } = await call("bad");
			assert.deepEqual([status, (payload as { code: string }).code], [500, "app.failed"]);
		},
	},
	onDesired: { start: () => ({ onDesired: fail }) },
	onMessage: { start: () => ({ onMessage: fail }), provoke: ({ cloud }) => tell(cloud, "x") },
	onState: { start: () => ({ onState: fail }) },
	"a timer": { start: (device) => void device.after(1, fail) },
	"telemetry's done": { start: (device) => void device.telemetry("x", {}, fail) },
	"report's done": { start: (device) => void device.report({ a: 1 }, fail) },
	"a start that throws no Error": {
		start() {
			throw Object.create(null);
		},
	},
};

for (const [what, { start, provoke }] of Object.entries(WRONGS))
	describe(`what ${what} throws`, () => {
		test("is logged, and the agent goes on", () =>
			serve(start, async (served) => {
				await provoke?.(served);
				await served.logged("fault", "app.failed");
				await served.logged("hub.connected");
			}));

		test("on trial takes the application back", async () => {
			const { device, running } = toTrial();
			let restarts = 0;
			const ended = new Promise<void>((resolve) => {
				const { cut } = running.power;
				running.power.cut = (where) => {
					cut.call(running.power, where);
					restarts++;
					resolve();
				};
			});
			const store = new FakeStore({ blobs: device.blobs });
			await serve(
				start,
				async (served) => {
					await provoke?.(served);
					await ended;
				},
				{ appSlot: running.slot, store },
			);
			assert.equal(running.power.where, "restart");
			assert.equal(restarts, 1);
			const back = device.start();
			assert.deepEqual([back.runs, back.slot.state, back.updater.status.installed], [1, "valid", 2]);
			assert.equal(back.updater.status.code, "app.failed");
		});
	});

describe("on trial", () => {
	test("an application that says so at its start is confirmed, and what it throws later costs no more", async () => {
		const { device, running } = toTrial();
		const start = (device: Device): Application => {
			device.confirm();
			return { methods: { bad: fail } };
		};
		await serve(
			start,
			async ({ cloud, call, logged, clock }) => {
				await logged("ota.confirmed");
				await subscribed(cloud, METHODS);
				assert.equal((await call("bad")).status, 500);
				assert.equal(clock.pass(TRIAL_MS), 0, "no deadline is left");
			},
			{ appSlot: running.slot, store: new FakeStore({ blobs: device.blobs }) },
		);
		assert.ok(running.power.on);
		const after = device.start();
		assert.deepEqual([after.runs, after.updater.status.installed], [2, 3]);
	});

	test("an application that came to repair an unstable device gets what is sent, and is judged by it; any other is kept from it", async () => {
		const { device, running } = toTrial();
		device.blobs.set("unstable", Uint8Array.of(3));
		const start = (device: Device): Application => ({
			onDesired: () => device.confirm(),
			methods: { good: (_, respond) => respond(200) },
		});
		await serve(
			start,
			async ({ cloud, call, logged }) => {
				await logged("ota.confirmed");
				await subscribed(cloud, METHODS);
				assert.equal((await call("good")).status, 200);
			},
			{ appSlot: running.slot, store: new FakeStore({ blobs: device.blobs }) },
		);
		assert.equal(device.blobs.get("unstable")?.[0], 3, "it has not lasted yet");
		await serve(
			start,
			async ({ cloud, call, logged }) => {
				await logged("fault", "device.unstable");
				await subscribed(cloud, METHODS);
				assert.equal((await call("good")).status, 503);
			},
			{
				appSlot: device.start().slot,
				store: new FakeStore({ blobs: new Map([["unstable", Uint8Array.of(3)]]) }),
			},
		);
	});

	test("an application that says nothing is taken back at the deadline", async () => {
		const { device, running } = toTrial();
		await serve(
			() => ({}),
			async ({ logged, clock }) => {
				await logged("hub.connected");
				assert.equal(clock.pass(TRIAL_MS), 1);
			},
			{ appSlot: running.slot, store: new FakeStore({ blobs: device.blobs }) },
		);
		const after = device.start();
		assert.deepEqual([after.runs, after.updater.status.code], [1, "ota.rejected"]);
	});
});
