/**
 * The application apart from the agent: a function that gets a Device, which is all it can reach, and gives its callbacks.
 * Built into the firmware or brought over the air as a mod, the function is the same.
 *
 *     export default function sensor(device: Device): Application { ... }
 *
 * Whatever the application throws ends in a Fault app.failed, and while it is on trial in a return to the one before; the
 * agent goes on.
 */
import { Agent } from "./agent.ts";
import type { AppSlot } from "./application/app-slot.ts";
import { type ApplicationLog, applicationLog } from "./base/log.ts";
import { Fault } from "./fault.ts";
import type { Properties } from "./hub/hub-topics.ts";
import type { MethodHandler } from "./hub/methods.ts";
import type { AgentOptions } from "./options.ts";

/** What an application can do. */
export interface Device {
	/** As Agent.telemetry. */
	telemetry(body: Uint8Array | string | object, properties?: Properties, done?: (fault?: Fault) => void): void;
	/** As Agent.report. */
	report(patch: object, done?: (fault?: Fault) => void): void;
	/** Calls back once after so many milliseconds; the result cancels. */
	after(milliseconds: number, callback: () => void): () => void;
	/** Wall clock, milliseconds since 1970 UTC. May be wrong before the first connection. */
	now(): number;
	/** Into the agent's log, as `app.NAME`, within bounds (base/log.ts). */
	readonly log: ApplicationLog;
	/**
	 * This application works. After an update it has to say so, once it knows, within `trialSeconds`; else the application
	 * before it comes back.
	 */
	confirm(): void;
}

/** What an application answers to; each is optional, and as in AgentOptions. */
export interface Application extends Pick<AgentOptions, "methods" | "onMessage" | "onState"> {
	readonly onDesired?: NonNullable<AgentOptions["twin"]>["onDesired"];
	/** Names of the desired properties that onDesired wants; default: all that fit. */
	readonly properties?: readonly string[];
}

export type Start = (device: Device) => Application | undefined;

/** Starts the application, then the agent that serves it. Without an application: the agent alone. */
export function startApp(start: Start | undefined, options: AgentOptions): Agent {
	return new Host(options).run(start);
}

/** How long an application has to run to count as one that does not take the device down. */
const SETTLED_MS = 60_000;

class Host {
	readonly #options: AgentOptions;
	#agent: Agent | undefined;
	/** Asked for before there is an agent. */
	#early: ((agent: Agent) => void)[] = [];

	constructor(options: AgentOptions) {
		this.#options = options;
	}

	run(start: Start | undefined): Agent {
		const { clock, appSlot } = this.#options;
		let callbacks: Partial<AgentOptions> | undefined;
		this.#safe(() => {
			const application = start?.(this.#device());
			callbacks = application && this.#callbacks(application);
		})();
		const agent = new Agent({ ...this.#options, ...callbacks });
		this.#agent = agent;
		for (const ask of this.#early) ask(agent);
		this.#early = [];
		if (appSlot) clock.after(SETTLED_MS, () => this.#settled(appSlot));
		return agent;
	}

	/** A store that fails now costs a rest after later power-ups at most. */
	#settled(appSlot: AppSlot): void {
		try {
			appSlot.settled();
		} catch (thrown) {
			const { code, message } = Fault.of(thrown, "store.failed");
			this.#options.log?.("fault", { code, message });
		}
	}

	#device(): Device {
		const { clock, log = () => {} } = this.#options;
		const device: Device = {
			telemetry: (body, properties, done) => this.#ask((agent) => agent.telemetry(body, properties, this.#safe(done))),
			report: (patch, done) => this.#ask((agent) => agent.report(patch, this.#safe(done))),
			after: (milliseconds, callback) => clock.after(milliseconds, this.#safe(callback)),
			now: () => clock.now(),
			log: applicationLog(log),
			confirm: () => this.#ask((agent) => agent.judgeApp()),
		};
		return Object.freeze(device);
	}

	#callbacks({
		methods = {},
		onMessage,
		onDesired,
		properties,
		onState = () => {},
	}: Application): Partial<AgentOptions> {
		const outer = this.#options.onState;
		const inner = this.#safe(onState);
		const failed: MethodHandler = (_, respond) => respond(500, { code: "app.failed", message: "the method failed" });
		const safe = Object.entries(methods).map(([name, method]) => [name, this.#safe(method, failed)]);
		return {
			methods: Object.fromEntries(safe),
			...(onMessage && { onMessage: this.#safe(onMessage) }),
			...(onDesired && { twin: { onDesired: this.#safe(onDesired), ...(properties && { properties }) } }),
			onState: (state, fault) => {
				outer?.(state, fault);
				inner(state, fault);
			},
		};
	}

	#ask(what: (agent: Agent) => void): void {
		if (this.#agent) what(this.#agent);
		else this.#early.push(what);
	}

	/** A callback of the application that cannot throw; `failed` is called instead of what it did not finish. */
	#safe<A extends unknown[]>(
		callback: (...values: A) => void = () => {},
		failed: (...values: A) => void = () => {},
	): (...values: A) => void {
		return (...values) => {
			try {
				callback(...values);
			} catch (thrown) {
				const fault = Fault.of(thrown, "app.failed");
				// What a start that fails has asked for does not count, above all not that it works.
				this.#early = [];
				this.#ask((agent) => agent.judgeApp(fault));
				failed(...values);
			}
		};
	}
}
