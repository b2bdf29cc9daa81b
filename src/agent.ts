/**
 * The story of a device: config -> credential -> (register) -> hub. The only file that knows every room, and the only
 * one that decides to retry, to wait or to give up.
 *
 * Each step takes the value of the step before: Config, KeyPair, CSR, Assignment, Credential, HubSession. A refusal (a
 * 4xx other than 429) ends an attempt; a running agent comes back after an hour, doubling to a day, because a late
 * enrolment or a wrong clock must not strand a device. Weather is retried within seconds to minutes.
 */
import { utf8 } from "./bytes.ts";
import type { Config } from "./config.ts";
import { type Credential, identityOf } from "./credential/record.ts";
import { Journal } from "./credential/store.ts";
import { enrol } from "./enrolment.ts";
import { Fault } from "./fault.ts";
import { TelemetryQueue } from "./hub/queue.ts";
import { type HubSession, openHub } from "./hub/session.ts";
import { JSON_BODY, type Properties } from "./hub/topics.ts";
import type { Clock, Entropy, Log, Store, Wire } from "./port.ts";
import { delaySeconds, PASSING, REFUSED } from "./retry.ts";
import { Waiting } from "./waiting.ts";

export type AgentState = "starting" | "enrolling" | "connecting" | "connected" | "waiting" | "closed";

export interface AgentOptions {
	readonly wire: Wire;
	readonly store: Store;
	readonly clock: Clock;
	readonly entropy: Entropy;
	readonly log?: Log;
	readonly config: Config;
	/** End with the first Fault, or as soon as nothing waits to be sent. */
	readonly once?: boolean;
	/** `fault`: why the agent waits or has closed. */
	readonly onState?: (state: AgentState, fault?: Fault) => void;
}

/** What may wait for the hub while the device is offline. */
const QUEUE_LIMITS = { messages: 64, bytes: 32 * 1024 } as const;
/** Passing failures at the same hub before DPS is asked again: the hub may have moved. */
const MOST_HUB_FAILURES = 10;

export class Agent {
	readonly #options: AgentOptions;
	readonly #log: Log;
	readonly #journal: Journal;
	readonly #waiting = new Waiting();
	readonly #queue = new TelemetryQueue(QUEUE_LIMITS);
	#state: AgentState = "starting";
	#hubFailures = 0;
	/** Settles when the agent has closed; rejects with the Fault that ended it (`once` only). */
	readonly finished: Promise<void>;

	/** Starts by itself, after the caller's turn. Throws nothing: Faults arrive through onState and `finished`. */
	constructor(options: AgentOptions) {
		this.#options = options;
		this.#log = options.log ?? (() => {});
		this.#journal = new Journal(options.store);
		this.finished = Promise.resolve().then(() => this.#live());
	}

	get state(): AgentState {
		return this.#state;
	}

	/**
	 * Queues a device-to-cloud message. Objects go as JSON, texts as UTF-8. `done` is called once, after the hub's
	 * acknowledgement or with Fault hub.queue-full, mqtt.too-large.
	 */
	telemetry(
		body: Uint8Array | string | object,
		properties: Properties = {},
		done: (fault?: Fault) => void = () => {},
	): void {
		if (body instanceof Uint8Array) this.#queue.push({ body, properties, done });
		else if (typeof body === "string") this.#queue.push({ body: utf8(body), properties, done });
		else this.#queue.push({ body: utf8(JSON.stringify(body)), properties: { ...JSON_BODY, ...properties }, done });
	}

	/** Ends the session in an orderly way. What is still queued is lost. */
	close(): void {
		if (this.#state === "closed") return;
		this.#enter("closed");
		this.#waiting.end();
	}

	async #live(): Promise<void> {
		for (let refusals = 0, failures = 0; !this.#isClosed(); ) {
			try {
				const link = await this.#connect();
				refusals = 0;
				failures = 0;
				await this.#serve(link);
				if (this.#options.once) this.close();
			} catch (thrown) {
				if (this.#isClosed()) return;
				const fault = Fault.of(thrown, "agent.failed");
				this.#log("fault", { code: fault.code, message: fault.message });
				if (this.#options.once) {
					this.#enter("closed", fault);
					throw fault;
				}
				const attempt = fault.retryable ? ++failures : ++refusals;
				await this.#wait(fault, attempt);
			}
		}
	}

	/** The best session to be had: with a candidate that proves itself, with the current credential, or after enrolment. */
	async #connect(): Promise<Link> {
		const { current, candidate, damages } = this.#journal.load();
		for (const fault of damages) this.#log("fault", { code: fault.code, message: fault.message });
		if (candidate) {
			try {
				return await this.#trial(candidate);
			} catch (thrown) {
				const fault = Fault.of(thrown, "agent.failed");
				if (this.#isClosed() || (!current && fault.code !== "hub.unauthorized")) throw fault;
				this.#log("credential.trial-failed", { code: fault.code, sequence: candidate.sequence });
			}
		}
		if (!current) return await this.#trial(await this.#enrol());
		const expired = current.notAfter <= this.#options.clock.now();
		if (expired) this.#log("credential.expired", { notAfter: new Date(current.notAfter).toISOString() });
		else if (this.#hubFailures < MOST_HUB_FAILURES) {
			try {
				return await this.#openHub(current);
			} catch (thrown) {
				if (!(thrown instanceof Fault) || thrown.code !== "hub.unauthorized") throw thrown;
				this.#log("fault", { code: thrown.code, message: thrown.message });
			}
		}
		this.#hubFailures = 0;
		return await this.#trial(await this.#enrol());
	}

	async #enrol(): Promise<Credential> {
		this.#enter("enrolling");
		return await enrol({ ...this.#options, log: this.#log, journal: this.#journal, waiting: this.#waiting });
	}

	/** A candidate becomes current by working, and goes when the hub refuses it. */
	async #trial(candidate: Credential): Promise<Link> {
		try {
			const link = await this.#openHub(candidate);
			this.#journal.promote(candidate);
			this.#log("credential.proven", { sequence: candidate.sequence });
			return link;
		} catch (thrown) {
			if (thrown instanceof Fault && thrown.code === "hub.unauthorized") this.#journal.reject(candidate);
			throw thrown;
		}
	}

	async #openHub(credential: Credential): Promise<Link> {
		this.#enter("connecting");
		const { config, clock, wire } = this.#options;
		const bundle = config.trustBundle === "install" ? credential.trustBundle?.certificates : undefined;
		const options = {
			wire,
			clock,
			log: this.#log,
			hub: config.hub ?? credential.hub,
			deviceId: credential.deviceId,
			identity: identityOf(credential),
			anchors: config.anchors,
			...(bundle ? { additionalAnchors: bundle } : {}),
		};
		try {
			const link = await this.#waiting.until<Link>((resolve, reject) => {
				let end = (_fault?: Fault): void => {};
				const ended = new Promise<Fault | undefined>((settle) => {
					end = settle;
				});
				const session = openHub(options, {
					onOpen: () => resolve({ session, ended }),
					onMessage: () => {},
					onClose(fault) {
						reject(fault ?? new Fault("agent.closed", "closed while connecting"));
						end(fault);
					},
				});
				return () => session.close();
			});
			this.#hubFailures = 0;
			return link;
		} catch (thrown) {
			if (thrown instanceof Fault && thrown.retryable) this.#hubFailures++;
			throw thrown;
		}
	}

	/** Sends what is queued until the session ends; throws the Fault that ended it. */
	async #serve({ session, ended }: Link): Promise<void> {
		this.#enter("connected");
		this.#queue.attach(session);
		if (this.#options.once) this.#queue.whenEmpty(() => session.close());
		const fault = await this.#waiting.until<Fault | undefined>((resolve) => {
			void ended.then(resolve);
			return () => session.close();
		});
		this.#queue.attach(undefined);
		if (fault) throw fault;
		this.#log("hub.disconnected");
	}

	async #wait(fault: Fault, attempt: number): Promise<void> {
		const { clock, entropy } = this.#options;
		const draw = new Uint8Array(2);
		entropy.fill(draw);
		const random = (draw[0]! * 256 + draw[1]!) / 65536;
		const seconds = delaySeconds(attempt, fault.retryable ? PASSING : REFUSED, random, fault.retryAfterSeconds);
		this.#log("waiting", { seconds: Math.round(seconds), attempt, code: fault.code });
		this.#enter("waiting", fault);
		await this.#waiting.until<void>((resolve) => {
			const cancel = clock.after(seconds * 1000, resolve);
			return () => {
				cancel();
				resolve();
			};
		});
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

interface Link {
	readonly session: HubSession;
	/** Settles when the session has ended; without a Fault when we closed it. */
	readonly ended: Promise<Fault | undefined>;
}
