/** An application served by an agent that is connected to a local cloud. */
import type { Cloud } from "../../cloud/cloud.ts";
import { createWire } from "../../hw/node/wire.ts";
import { type Start, startApp } from "../../src/app.ts";
import { type ConfigInput, parseConfig } from "../../src/config.ts";
import type { AgentOptions } from "../../src/options.ts";
import { entropy, MESSAGES, subscribed } from "../support/application.ts";
import { configFor, type Step, withCloud } from "../support/device.ts";
import { FakeStore } from "../support/store.ts";
import { UPDATES } from "../support/updated.ts";
import { HeldClock } from "./app-clock.ts";

export const ID = "dev-001";
export const TRIAL_MS = 599_000;
export const SETTLED_MS = 60_000;

export interface Served {
	readonly cloud: Cloud;
	readonly clock: HeldClock;
	readonly steps: readonly Step[];
	/** That step was logged, or will be; with that code. */
	logged(step: string, code?: string): Promise<Step["detail"]>;
	call(method: string, payload?: unknown): Promise<{ status?: number; payload?: unknown; error?: string }>;
}

/** An agent that serves the application, until `use` has ended. */
export async function serve(
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

/** Sends a message once the device listens. */
export const tell = (cloud: Cloud, body: string): Promise<unknown> =>
	subscribed(cloud, MESSAGES).then(() => cloud.operator.sendMessage(ID, body));

/** The application's mistake. */
export const fail = (): never => {
	throw new Error("mine");
};
