/** An application on a running agent: notes what its callbacks get, and lets a test wait for it. */
import type { Cloud } from "../../cloud/cloud.ts";
import type { CloudEvent } from "../../cloud/event.ts";
import type { Agent, AgentOptions } from "../../src/agent.ts";
import { utf8Text } from "../../src/base/bytes.ts";
import type { ConfigInput } from "../../src/config.ts";
import { Device, withCloud } from "./device.ts";

/** The shortest waits that are allowed. */
export const entropy = { fill: (bytes: Uint8Array) => void bytes.fill(1) };

/** What an application does with its callbacks, and a way to wait for it. */
export class Application {
	readonly agent: Agent;
	readonly seen: string[] = [];
	#wake: () => void = () => {};

	constructor(device: Device, input: ConfigInput = {}, options: Partial<AgentOptions> = {}) {
		this.agent = device.boot(input, {
			twin: { onDesired: (properties, { complete }) => this.note(complete ? "all" : "patch", properties) },
			onMessage: ({ body, properties, messageId }) =>
				this.note("message", {
					text: utf8Text(body).slice(0, 20),
					bytes: body.length,
					id: messageId,
					door: properties.door,
				}),
			methods: {
				echo: (payload, respond) => respond(200, payload),
				throws: () => {
					throw new Error("mine");
				},
			},
			onState: (state) => this.note(state),
			...options,
		});
	}

	note(what: string, detail?: unknown): void {
		this.seen.push(detail === undefined ? what : `${what} ${JSON.stringify(detail)}`);
		this.#wake();
	}

	/** The first that came, or comes, after number `from`. */
	async until(what: string, from = 0): Promise<number> {
		for (;;) {
			const at = this.seen.findIndex((one, i) => i >= from && one.startsWith(what));
			if (at >= 0) return at + 1;
			await new Promise<void>((resolve) => {
				this.#wake = resolve;
			});
		}
	}

	report(patch: object): Promise<number | undefined> {
		return new Promise((resolve, reject) => {
			this.agent.report(patch, (fault, version) => (fault ? reject(fault) : resolve(version)));
		});
	}

	telemetry(body: Uint8Array | object): Promise<string> {
		return new Promise((resolve) => this.agent.telemetry(body, {}, (fault) => resolve(fault?.code ?? "ok")));
	}

	async stop(): Promise<void> {
		this.agent.close();
		await this.agent.finished;
	}
}

export const quiet: ConfigInput = { operations: "none" };

/** A subscription is acknowledged before its filter works: every one of a session that uses all. */
export const subscribed = (cloud: Cloud, filter: string, times = 1) => {
	let left = times;
	return cloud.seen(
		(event: CloudEvent) => event.event === "subscribed" && event.filter.startsWith(filter) && --left === 0,
	);
};
export const METHODS = "$iothub/methods";
export const MESSAGES = "devices/dev-001/messages";

export async function withApplication(
	input: ConfigInput,
	use: (application: Application, cloud: Cloud) => Promise<void>,
	options: Partial<AgentOptions> = {},
): Promise<void> {
	await withCloud({}, async (cloud) => {
		const application = new Application(new Device(cloud), input, { entropy, ...options });
		try {
			await application.until("connected");
			await use(application, cloud);
		} finally {
			await application.stop();
		}
	});
}
