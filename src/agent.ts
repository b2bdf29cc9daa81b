/**
 * The story of a device: config -> credential -> (register) -> hub. The only file that knows every room, and the only
 * one that decides to retry, to wait or to give up.
 *
 * A refusal (a 4xx other than 429) ends an attempt; a running agent comes back after an hour, doubling to a day, because
 * a late enrolment or a wrong clock must not strand a device. A transient failure is retried within seconds to minutes.
 */
import { Pause } from "./base/pause.ts";
import { randomUnit } from "./base/retry.ts";
import { Waiting } from "./base/waiting.ts";
import { Fault } from "./fault.ts";
import { Endings } from "./hub/endings.ts";
import { HubFeatures } from "./hub/features.ts";
import type { Properties } from "./hub/hub-topics.ts";
import { Operations } from "./hub/operations.ts";
import { TelemetryQueue } from "./hub/queue.ts";
import type { ReportDone } from "./hub/reported.ts";
import { Lifecycle } from "./identity/lifecycle.ts";
import type { Link } from "./identity/link.ts";
import type { DeviceAssignment } from "./identity/record.ts";
import { MqttWire } from "./mqtt/transport.ts";
import type { AgentOptions, AgentState } from "./options.ts";
import type { Log } from "./port.ts";
import { Updates } from "./update/updates.ts";

export type { AgentOptions, AgentState } from "./options.ts";

export class Agent {
	readonly #options: AgentOptions;
	readonly #log: Log;
	readonly #lifecycle: Lifecycle;
	readonly #waiting = new Waiting();
	readonly #pause: Pause;
	readonly #endings = new Endings();
	readonly #queue: TelemetryQueue;
	readonly #features: HubFeatures;
	readonly #operations: Operations;
	readonly #updates: Updates | undefined;
	#state: AgentState = "starting";
	/** Ends the present turn of a session early. */
	#wake: () => void = () => {};
	/** Settles when the agent has closed; rejects with the Fault that ended it (`once` only). */
	readonly finished: Promise<void>;

	/** Starts by itself, after the caller's turn. Throws nothing: Faults arrive through onState and `finished`. */
	constructor(options: AgentOptions) {
		const { wire, store, clock, config, once, entropy, twin, methods, onMessage, slot, appSlot, restart } = options;
		this.#options = options;
		// Members by name: each copy of all options would be as much again in RAM.
		this.#operations = new Operations({
			clock,
			store,
			restart,
			log: options.log ?? (() => {}),
			config: once ? { ...config, operations: [], healthSeconds: 0 } : config,
			status: () => ({ state: this.#state, waiting: this.#queue.length, dropped: this.#queue.dropped }),
			renew: () => this.renew(),
		});
		this.#log = this.#operations.log;
		const log = this.#log;
		if (slot || appSlot)
			this.#updates = new Updates({ ...options, log, whenQuiet: (then) => this.#queue.whenEmpty(then) });
		this.#pause = new Pause({ clock, sync: () => this.#lifecycle.clock.sync(), entropy, log, waiting: this.#waiting });
		this.#queue = new TelemetryQueue(config.queue, log);
		this.#features = new HubFeatures({
			clock,
			log,
			onMessage,
			maxMessageBytes: config.maxMessageBytes,
			// Without a callback the application wants none; the agent's own sections come all the same.
			properties: twin ? twin.properties : [],
			random: () => randomUnit(entropy),
			onNewTwin: () => {
				this.#operations.reportAgain();
				this.#updates?.reportAgain();
				twin?.onNew?.();
			},
			onDesired: this.#updates ? this.#updates.watch(twin?.onDesired) : twin?.onDesired,
			methods: { ...methods, ...this.#operations.methods, ...this.#updates?.methods },
		});
		this.#lifecycle = new Lifecycle({
			wire: new MqttWire(wire, config.transport, log),
			store,
			clock,
			entropy,
			config,
			log,
			waiting: this.#waiting,
			keystore: options.keystore,
			onStep: (step) => this.#enter(step),
		});
		this.finished = Promise.resolve().then(() => this.#live());
	}

	get state(): AgentState {
		return this.#state;
	}

	/**
	 * Queues a device-to-cloud message. Objects go as JSON, texts as UTF-8. `done` is called once, after the hub's
	 * acknowledgement or with Fault hub.queue-full, hub.too-large, hub.invalid.
	 */
	telemetry(
		body: Uint8Array | string | object,
		properties: Properties = {},
		done: (fault?: Fault) => void = () => {},
	): void {
		this.#queue.push(body, properties, (fault) => {
			if (!fault) this.#updates?.proven();
			done(fault);
		});
	}

	/** Hub, device id and the custom allocation's own JSON, as DPS said them; undefined before the device is enrolled. */
	get assignment(): DeviceAssignment | undefined {
		return this.#lifecycle.assignment;
	}

	/** Telemetry that was lost to the queue's bounds since start. */
	get dropped(): number {
		return this.#queue.dropped;
	}

	/**
	 * Reports properties: a patch, in which null removes. Patches wait for the hub, merged. `done` is called once, after the
	 * hub's answer or with Fault hub.invalid, hub.too-large, hub.bad-request.
	 */
	report(patch: object, done?: ReportDone): void {
		this.#features.report(patch, done);
	}

	/** Renews the certificate now, without waiting for its time. */
	renew(): void {
		this.#lifecycle.requestRenewal();
		this.#wake();
	}

	/** The application on trial works, or not (with the Fault that says why): it stays, or gives way to the one before. */
	judgeApp(fault?: Fault): void {
		if (fault === undefined) this.#updates?.confirmApp();
		else {
			this.#report(fault);
			this.#updates?.rejectApp(fault);
		}
	}

	/** Ends the session in an orderly way. What is still queued is lost. */
	close(): void {
		if (this.#state === "closed") return;
		this.#enter("closed");
		this.#operations.close();
		this.#updates?.close();
		this.#waiting.end();
	}

	async #live(): Promise<void> {
		while (!this.#isClosed()) {
			let link: Link | undefined;
			try {
				link = await this.#lifecycle.connect();
				this.#pause.succeeded(false);
				const outcome = await this.#serve(link);
				if (outcome === "done") this.close();
				this.#pause.succeeded(true);
			} catch (thrown) {
				if (this.#isClosed()) return;
				const lastedMs = link && this.#options.clock.ticks() - link.openedTicks;
				const { fault, lasting } = this.#endings.judge(Fault.of(thrown, "agent.failed"), lastedMs);
				this.#report(fault);
				if (this.#options.once) {
					this.#enter("closed", fault);
					throw fault;
				}
				if (lasting) this.#pause.succeeded(true);
				this.#enter("waiting", fault);
				await this.#pause.after(fault, fault.retryable || this.#lifecycle.clock.explains(fault));
			}
		}
	}

	/** Until the session ends, which throws its Fault; "again" for a candidate's trial, "done" when `once` has its wish. */
	async #serve(link: Link): Promise<"again" | "done"> {
		const { session, credential } = link;
		this.#enter("connected");
		this.#features.attach(session);
		link.opener = (topic, bytes) => this.#features.open(topic, bytes);
		const stop = link.listen((topic, payload) => this.#features.message(topic, payload));
		this.#operations.connected(credential, this);
		this.#updates?.connected(this);
		this.#queue.attach(session);
		let outcome: "again" | "done" | undefined;
		try {
			for (let idle = false; outcome === undefined; ) {
				const due = this.#lifecycle.dueIn(credential) === 0 && (idle || !this.#options.once);
				if (due && (await this.#lifecycle.renew(link))) outcome = "again";
				else if (idle) outcome = "done";
				if (outcome) break;
				const turn = await this.#turn(link);
				if (typeof turn === "object" && turn.fault) throw turn.fault;
				if (typeof turn === "object") return "again";
				idle = turn === "idle";
			}
		} finally {
			this.#queue.attach(undefined);
			this.#features.detach();
			this.#updates?.disconnected();
			stop();
			link.opener = undefined;
		}
		session.close();
		await link.ended;
		this.#log("hub.disconnected");
		return outcome;
	}

	/** Whatever comes first: the session's end, a renewal that falls due, or (`once`) an empty queue. */
	async #turn(link: Link): Promise<"due" | "idle" | { readonly fault: Fault | undefined }> {
		const { clock, once } = this.#options;
		let cancel = (): void => {};
		try {
			return await this.#waiting.until((resolve) => {
				this.#wake = () => resolve("due");
				if (once) this.#queue.whenEmpty(() => resolve("idle"));
				else cancel = clock.after(this.#lifecycle.dueIn(link.credential), () => resolve("due"));
				void link.ended.then((fault) => resolve({ fault }));
				return () => link.session.close();
			});
		} finally {
			cancel();
			this.#wake = () => {};
		}
	}

	#report(thrown: unknown): Fault {
		const fault = Fault.of(thrown, "agent.failed");
		this.#log("fault", { code: fault.code, message: fault.message });
		return fault;
	}

	#enter(state: AgentState, fault?: Fault): void {
		if (this.#state === "closed" || (this.#state === state && !fault)) return;
		this.#state = state;
		this.#options.onState?.(state, fault);
	}

	// A method, because the state changes behind the compiler's back during every await.
	#isClosed(): boolean {
		return this.#state === "closed";
	}
}
