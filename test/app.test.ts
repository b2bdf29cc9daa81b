/** An application on its Device, against the local cloud: what it can do, and what becomes of what it throws. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createWire } from "../hw/node/wire.ts";
import { type Application, type Device, type Start, startApp } from "../src/app.ts";
import { type ConfigInput, parseConfig } from "../src/config.ts";
import { Fault } from "../src/fault.ts";
import type { AgentOptions } from "../src/options.ts";
import { entropy, MESSAGES, METHODS, subscribed } from "./application.ts";
import type { Cloud } from "./cloud/cloud.ts";
import { configFor, type Step, withCloud } from "./device.ts";
import { HeldClock } from "./fake/app-clock.ts";
import { installed, toTrial } from "./fake/app-device.ts";
import { FakeStore } from "./fake/store.ts";
import { UPDATES } from "./updated.ts";

const ID = "dev-001";
const TRIAL_MS = 599_000;
const SETTLED_MS = 60_000;

interface Served {
	readonly cloud: Cloud;
	readonly clock: HeldClock;
	readonly steps: readonly Step[];
	/** That step was logged, or will be; with that code. */
	logged(step: string, code?: string): Promise<Step["detail"]>;
	call(method: string, payload?: unknown): Promise<{ status?: number; payload?: unknown; error?: string }>;
}

/** An agent that serves the application, until `use` has ended. */
async function serve(
	start: Start | undefined,
	use: (served: Served) => Promise<void>,
	options: Partial<AgentOptions> = {},
): Promise<void> {
	await withCloud({}, async (cloud) => {
		const clock = new HeldClock(TRIAL_MS, SETTLED_MS);
		const steps: Step[] = [];
		let wake = (): void => {};
		const input: ConfigInput = { ...UPDATES, operations: "none" };
		const agent = startApp(start, {
			wire: createWire(),
			store: new FakeStore(),
			clock,
			entropy,
			config: parseConfig(configFor(cloud, input)),
			log(step, detail = {}) {
				steps.push({ step, detail });
				wake();
			},
			...options,
		});
		try {
			await use({
				cloud,
				clock,
				steps,
				async logged(step, code) {
					for (;;) {
						const found = steps.find((one) => one.step === step && (code === undefined || one.detail.code === code));
						if (found) return found.detail;
						await new Promise<void>((resolve) => {
							wake = resolve;
						});
					}
				},
				call: (method, payload) => cloud.operator.callMethod(ID, method, payload),
			});
		} finally {
			agent.close();
			await agent.finished;
		}
	});
}

const tell = (cloud: Cloud, body: string): Promise<unknown> =>
	subscribed(cloud, MESSAGES).then(() => cloud.operator.sendMessage(ID, body));

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
				assert.ok(Math.abs(device.now() - Date.now()) < 1000);
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
			const refuse = (): Fault | undefined => (full ? new Fault("store.full", "no room") : undefined);
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
					assert.equal(steps.filter(({ detail }) => detail.code === "store.full").length, isFull ? 1 : 0);
				},
				{ appSlot: slot },
			);
		}
	});
});

const fail = (): never => {
	throw new Error("mine");
};

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
