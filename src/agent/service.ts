/**
 * What the device does over its sessions with the hub: telemetry, twin, methods and messages of the application, what an operator
 * may do, updates. One session after another is attached; what waits for the next one waits here.
 */
import { idle } from "../base/idle.ts";
import { randomUnit } from "../base/retry.ts";
import { Starts, type Unstable } from "../base/starts.ts";
import { Fault } from "../fault.ts";
import { type FeatureOptions, HubFeatures } from "../hub/features.ts";
import type { Properties } from "../hub/hub-topics.ts";
import { type Operated, Operations } from "../hub/operations.ts";
import { TelemetryQueue } from "../hub/queue.ts";
import type { ReportDone } from "../hub/reported.ts";
import type { Link } from "../identity/link.ts";
import type { AgentOptions, AgentState } from "../options.ts";
import type { Log } from "../port.ts";
import { Updates } from "../update/updates.ts";
import { keysInClear } from "./clear-keys.ts";

export class Service implements Operated {
	readonly log: Log;
	readonly queue: TelemetryQueue;
	readonly #agent: { readonly state: AgentState; renew(): void };
	readonly #features: HubFeatures;
	readonly #operations: Operations;
	readonly #updates: Updates | undefined;
	readonly #slot: AgentOptions["slot"];
	/** None of a program that ends by itself. */
	readonly #starts: Starts | undefined;

	/** `agent`: for the operator. */
	constructor(options: AgentOptions, agent: { readonly state: AgentState; renew(): void }) {
		this.#agent = agent;
		this.#slot = options.slot;
		const { clock, config, entropy, methods, once, onMessage, slot, appSlot, store, twin } = options;
		const restart = options.restart && ((): void => this.#restart(options.restart));
		// Members by name: each copy of all options would be as much again in RAM.
		this.#operations = new Operations({
			clock,
			store,
			restart,
			log: options.log ?? idle,
			config: once ? { ...config, operations: [], healthSeconds: 0 } : config,
			device: this,
		});
		this.log = this.#operations.log;
		const { log } = this;
		this.#starts = once ? undefined : new Starts(options, log);
		const clear = keysInClear(options);
		if (clear !== undefined) this.#report(new Fault("store.clear", clear));
		const { unstable } = this;
		if (unstable) this.#report(new Fault("device.unstable", `${unstable.starts} starts in a row did not last`));
		if (slot || appSlot)
			this.#updates = new Updates({
				...options,
				log,
				restart,
				onRestart: () => this.#starts?.end(),
				whenQuiet: (then) => this.queue.whenEmpty(then),
			});
		this.queue = new TelemetryQueue(config.queue, log);
		const onDesired: FeatureOptions["onDesired"] =
			twin &&
			((properties, desired) => {
				if (!this.#features.careful) twin.onDesired(properties, desired);
			});
		this.#features = new HubFeatures({
			clock,
			log,
			careful: unstable !== undefined,
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
			onDesired: this.#updates ? this.#updates.watch(onDesired) : onDesired,
			methods: { ...methods, ...this.#operations.methods, ...this.#updates?.methods },
		});
	}

	/** As Agent.telemetry. What the hub acknowledges proves a new firmware. */
	telemetry(body: Uint8Array | string | object, properties: Properties = {}, done?: (fault?: Fault) => void): void {
		this.queue.push(body, properties, (fault) => {
			if (!fault) this.#updates?.proven();
			done?.(fault);
		});
	}

	/** As Agent.report. */
	report(patch: object, done?: ReportDone): void {
		this.#features.report(patch, done);
	}

	/** For Operations. */
	tell(make: () => object, done: ReportDone): void {
		this.#features.tell(make, done);
	}

	/** As Agent.judgeApp. */
	judgeApp(fault?: Fault): void {
		if (fault === undefined) this.#updates?.confirmApp();
		else {
			this.#report(fault);
			this.#updates?.rejectApp(fault);
		}
	}

	/** A session has opened; the result ends the service over it. */
	attach(link: Link): () => void {
		const { session, credential } = link;
		this.#features.attach(session);
		link.opener = (topic, bytes) => {
			this.#updates?.heard(bytes);
			return this.#features.open(topic, bytes);
		};
		const stop = link.listen((topic, payload) => {
			this.#updates?.heard(topic.length + payload.length);
			return this.#features.message(topic, payload);
		});
		this.#operations.connected(credential, this);
		this.#updates?.connected(this, credential.notBefore);
		this.queue.attach(session);
		this.#starts?.connected();
		return () => {
			this.#starts?.disconnected();
			this.queue.attach(undefined);
			this.#features.detach();
			this.#updates?.disconnected();
			stop();
			link.opener = undefined;
		};
	}

	/** As Updates.makeRoom. */
	makeRoom(): void {
		this.#updates?.makeRoom();
	}

	/** That is over, and the session is still the same. */
	resumeUpdates(): void {
		this.#updates?.resume();
	}

	/** The agent has closed. */
	close(): void {
		this.#operations.close();
		this.#updates?.close();
		this.#starts?.end();
	}

	get status(): object {
		const secureVersion = this.#slot?.antiRollback?.version;
		return { state: this.#agent.state, waiting: this.queue.length, dropped: this.queue.dropped, secureVersion };
	}

	get unstable(): Unstable | undefined {
		return this.#starts?.unstable;
	}

	renew(): void {
		this.#agent.renew();
	}

	/** Until `look` has something to do while a session is open. */
	get dueInMs(): number {
		return this.#starts?.leftMs ?? Number.POSITIVE_INFINITY;
	}

	look(): void {
		if (this.dueInMs === 0) this.resume();
	}

	/** The starts before no longer count, and the application gets again what comes for it. */
	resume(): void {
		const careful = this.unstable !== undefined;
		this.#starts?.forgive();
		if (!careful) return;
		this.log("device.stable");
		this.#features.resume();
		this.#operations.tell();
	}

	#restart(restart: (() => void) | undefined): void {
		this.#starts?.end();
		restart?.();
	}

	#report({ code, message }: Fault): void {
		this.log("fault", { code, message });
	}
}
