/**
 * The story of a device: config -> credential -> (register) -> hub. The only file that knows every room, and the only
 * one that decides to retry, to wait or to give up.
 *
 * A refusal (a 4xx other than 429) ends an attempt; a running agent comes back after an hour, doubling to a day, because
 * a late enrolment or a wrong clock must not strand a device. A transient failure is retried within seconds to minutes.
 */

import { Service } from "./agent/service.ts";
import { idle } from "./base/idle.ts";
import { report } from "./base/log.ts";
import { Names } from "./base/names.ts";
import { Pause } from "./base/pause.ts";
import { randomUnit } from "./base/retry.ts";
import { Waiting } from "./base/waiting.ts";
import { Fault } from "./fault.ts";
import { Endings } from "./hub/endings.ts";
import type { Properties } from "./hub/hub-topics.ts";
import type { ReportDone } from "./hub/reported.ts";
import { Lifecycle } from "./identity/lifecycle.ts";
import type { Link } from "./identity/link.ts";
import type { DeviceAssignment } from "./identity/record.ts";
import { MqttWire } from "./mqtt/transport.ts";
import type { AgentOptions, AgentState } from "./options.ts";
import type { Log } from "./port.ts";

export type { AgentOptions, AgentState } from "./options.ts";

export class Agent {
	readonly #options: AgentOptions;
	readonly #log: Log;
	readonly #lifecycle: Lifecycle;
	readonly #waiting = new Waiting();
	readonly #pause: Pause;
	readonly #endings = new Endings();
	readonly #service: Service;
	#state: AgentState = "starting";
	/** Ends the present turn of a session early. */
	#wake: () => void = idle;
	/** Ends the service over the present session. */
	#detach: () => void = idle;
	/** Settles when the agent has closed; rejects with the Fault that ended it (`once` only). */
	readonly finished: Promise<void>;

	/** Starts by itself, after the caller's turn. Throws nothing: Faults arrive through onState and `finished`. */
	constructor(options: AgentOptions) {
		const { wire, store, clock, config, entropy } = options;
		this.#options = options;
		this.#service = new Service(options, this);
		const { log } = this.#service;
		this.#log = log;
		this.#pause = new Pause({ clock, sync: () => this.#lifecycle.clock.sync(), entropy, log, waiting: this.#waiting });
		this.#lifecycle = new Lifecycle({
			wire: new MqttWire(wire, config.transport, log),
			store,
			clock,
			entropy,
			config,
			log,
			waiting: this.#waiting,
			names: Names.of(config.maxMessageBytes, () => randomUnit(entropy)),
			keystore: options.keystore,
			onStep: (step) => {
				if (step === "enrolling") this.#service.makeRoom();
				this.#enter(step);
			},
			onLink: (link) => {
				this.#detach = this.#service.attach(link);
			},
			onLeave: () => this.#leave(),
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
	telemetry(body: Uint8Array | string | object, properties?: Properties, done?: (fault?: Fault) => void): void {
		this.#service.telemetry(body, properties, done);
	}

	/** Hub, device id and the custom allocation's own JSON, as DPS said them; undefined before the device is enrolled. */
	get assignment(): DeviceAssignment | undefined {
		return this.#lifecycle.assignment;
	}

	/** Telemetry that was lost to the queue's bounds since start. */
	get dropped(): number {
		return this.#service.queue.dropped;
	}

	/**
	 * Reports properties: a patch, in which null removes. Patches wait for the hub, merged. `done` is called once, after the
	 * hub's answer or with Fault hub.invalid, hub.too-large, hub.bad-request.
	 */
	report(patch: object, done?: ReportDone): void {
		this.#service.report(patch, done);
	}

	/** Renews the certificate now, without waiting for its time. */
	renew(): void {
		this.#lifecycle.requestRenewal();
		this.#wake();
	}

	/** The application on trial works, or not (with the Fault that says why): it stays, or gives way to the one before. */
	judgeApp(fault?: Fault): void {
		this.#service.judgeApp(fault);
	}

	/** Ends the session in an orderly way. What is still queued is lost. */
	close(): void {
		if (this.#state === "closed") return;
		this.#enter("closed");
		this.#service.close();
		this.#waiting.end();
	}

	async #live(): Promise<void> {
		while (!this.#isClosed()) {
			let link: Link | undefined;
			try {
				link = await this.#lifecycle.connect();
				this.#pause.succeeded(false);
				let outcome = await this.#serve(link);
				// Its session has ended, and has some KB still: neither certificates nor a handshake with DPS have room beside it.
				if (outcome === "issued" || outcome === "dps") link = undefined;
				if (outcome === "issued") outcome = this.#lifecycle.acceptIssued() ?? (this.#options.once ? "done" : "again");
				if (outcome === "dps") {
					outcome = (await this.#lifecycle.renewAtDps()) ?? (this.#options.once ? "done" : "again");
				}
				if (outcome === "done") this.close();
				this.#pause.succeeded(true);
			} catch (thrown) {
				if (this.#isClosed()) return;
				const lastedMs = link && this.#options.clock.ticks() - link.openedTicks;
				const { fault, lasting } = this.#endings.judge(Fault.of(thrown, "agent.failed"), lastedMs);
				report(this.#log, fault);
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

	/**
	 * Until the session ends, which throws its Fault; "again" for a candidate's trial, "issued" where there are certificates to judge, "dps"
	 * where that has to issue one, "done" when `once` has its wish.
	 */
	async #serve(link: Link): Promise<"again" | "issued" | "dps" | "done"> {
		const { session, credential } = link;
		let outcome: "again" | "issued" | "dps" | "done" | undefined;
		try {
			this.#enter("connected");
			for (let isIdle = false; outcome === undefined; ) {
				this.#service.look();
				const due = this.#lifecycle.dueIn(credential) === 0 && (isIdle || !this.#options.once);
				if (due) {
					this.#service.makeRoom();
					outcome = await this.#lifecycle.renew(link);
					if (outcome === undefined) this.#service.resumeUpdates();
				}
				if (isIdle) outcome ??= "done";
				if (outcome) break;
				const turn = await this.#turn(link);
				if (typeof turn === "object" && turn.fault) throw turn.fault;
				if (typeof turn === "object") return "again";
				isIdle = turn === "idle";
			}
		} finally {
			this.#leave();
			session.close(); // nobody listens any more, whatever ended it
		}
		await link.ended;
		this.#log("hub.disconnected");
		return outcome;
	}

	/** The service serves no session until the next one. */
	#leave(): void {
		this.#detach();
		this.#detach = idle;
	}

	/** Whatever comes first: the session's end, a renewal or the service that falls due, or (`once`) an empty queue. */
	async #turn(link: Link): Promise<"due" | "idle" | { readonly fault: Fault | undefined }> {
		const { clock, once } = this.#options;
		let cancel: () => void = idle;
		try {
			return await this.#waiting.until((resolve) => {
				this.#wake = () => resolve("due");
				if (once) this.#service.queue.whenEmpty(() => resolve("idle"));
				else {
					const dueIn = Math.min(this.#lifecycle.dueIn(link.credential), this.#service.dueInMs);
					cancel = clock.after(dueIn, () => resolve("due"));
				}
				void link.ended.then((fault) => resolve({ fault }));
				return () => link.session.close();
			});
		} finally {
			cancel();
			this.#wake = idle;
		}
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
