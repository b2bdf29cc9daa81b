/** An application on its Device, against the local cloud: what it can do, and what it is called for. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Cloud } from "../../cloud/cloud.ts";
import { Fault } from "../../src/fault.ts";
import { installed } from "../support/app-device.ts";
import { METHODS, subscribed } from "../support/application.ts";
import { fail, ID, SETTLED_MS, serve, tell } from "./app-served.ts";

describe("a Device", () => {
	test("is frozen and has six functions", () =>
		serve(
			(device) => {
				assert.deepEqual(Object.keys(device).sort(), ["after", "confirm", "log", "now", "report", "telemetry"]);
				assert.throws(() => Object.assign(device, { telemetry: () => {} }), TypeError);
				assert.throws(() => Object.assign(device, { more: 1 }), TypeError);
				device.log("checked");
				return undefined;
			},
			async ({ logged }) => void (await logged("app.checked")),
		));

	test("sends, reports, waits, tells the time and logs", () =>
		serve(
			(device) => {
				const cancel = device.after(1, () => device.log("cancelled"));
				cancel();
				device.after(2, () => {
					device.telemetry({ warm: true }, { kind: "climate" }, (fault) => device.log("sent", { ok: !fault }));
					device.report({ interval: 5 }, (fault) => device.log("reported", { ok: !fault }));
					device.telemetry("x".repeat(300_000), {}, (fault) => device.log("refused", { code: fault!.code }));
				});
				const [before, now, after] = [Date.now(), device.now(), Date.now()];
				assert.ok(before <= now && now <= after);
				return undefined;
			},
			async ({ cloud, logged, steps }) => {
				assert.deepEqual(await logged("app.sent"), { ok: true });
				assert.deepEqual(await logged("app.reported"), { ok: true });
				assert.deepEqual(await logged("app.refused"), { code: "hub.too-large" });
				const [{ body, properties }] = cloud.telemetry as [Cloud["telemetry"][number]];
				assert.deepEqual([Buffer.from(body).toString(), properties.kind], ['{"warm":true}', "climate"]);
				assert.deepEqual(cloud.device(ID)!.reported.properties, { interval: 5 });
				assert.ok(!steps.some(({ step }) => step === "app.cancelled" || step === "fault"));
			},
		));

	test("takes what is asked for before there is an agent, in order", () =>
		serve(
			(device) => {
				for (const n of [1, 2, 3]) device.telemetry({ n }, {}, () => device.log(`sent-${n}`));
				device.report({ a: 1, b: 1 });
				device.report({ b: 2 }, () => device.log("reported"));
				return undefined;
			},
			async ({ cloud, logged }) => {
				await logged("app.sent-3");
				await logged("app.reported");
				const sent = cloud.telemetry.map(({ body }) => Buffer.from(body).toString());
				assert.deepEqual(sent, ['{"n":1}', '{"n":2}', '{"n":3}']);
				assert.deepEqual(cloud.device(ID)!.reported.properties, { a: 1, b: 2 });
			},
		));
});

describe("an application", () => {
	test("is called: desired properties, methods, messages, states", () =>
		serve(
			(device) => ({
				onDesired: (properties, { complete }) => device.log("desired", { complete, lamp: Number(properties.lamp) }),
				methods: { add: (payload, respond) => respond(200, { sum: Number(payload) + 1 }) },
				onMessage: ({ body }) => device.log("message", { bytes: body.length }),
				onState: (state) => device.log(`is-${state}`),
			}),
			async ({ cloud, logged, call }) => {
				await logged("app.is-connected");
				await logged("app.desired");
				await subscribed(cloud, METHODS);
				assert.deepEqual(await call("add", 2), { status: 200, payload: { sum: 3 } });
				await tell(cloud, "hello");
				assert.deepEqual(await logged("app.message"), { bytes: 5 });
			},
		));

	test("may be none, and may give no callbacks", () =>
		serve(undefined, async ({ logged, call, cloud }) => {
			assert.deepEqual((await logged("hub.connected")) && cloud.telemetry.length, 0);
			assert.notEqual((await call("add")).status, 200);
		}));

	test("the main program's own onState is called too, whatever the application's does", async () => {
		const states: string[] = [];
		await serve(
			(device) => ({
				onState(state) {
					device.log(`is-${state}`);
					fail();
				},
			}),
			async ({ logged }) => void (await logged("app.is-connected")),
			{ onState: (state) => void states.push(state) },
		);
		assert.ok(states.includes("connected") && states.includes("closed"), states.join());
	});

	test("answers a method once, although it throws afterwards", () =>
		serve(
			() => ({
				methods: {
					late(_, respond) {
						respond(201, { ok: true });
						throw new Error("mine");
					},
				},
			}),
			async ({ cloud, call, logged }) => {
				await subscribed(cloud, METHODS);
				assert.deepEqual(await call("late"), { status: 201, payload: { ok: true } });
				await logged("fault", "app.failed");
			},
		));

	test("that has run for a minute has settled; a store that fails then is logged", async () => {
		for (const isFull of [false, true]) {
			const device = installed(1);
			const refuse = (): Fault | undefined => (full ? new Fault("store.failed", "worn") : undefined);
			let full = false;
			const { slot } = device.start({ refuse });
			assert.equal(device.record?.starts, 1);
			await serve(
				undefined,
				async ({ clock, logged, steps }) => {
					await logged("hub.connected");
					full = isFull;
					assert.equal(clock.pass(SETTLED_MS), 1);
					assert.equal(device.record?.starts, isFull ? 1 : 0);
					assert.equal(steps.filter(({ detail }) => detail.code === "store.failed").length, isFull ? 1 : 0);
				},
				{ appSlot: slot },
			);
		}
	});
});
