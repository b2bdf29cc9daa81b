/**
 * What an application does over a hub session besides telemetry: twin, direct methods, cloud-to-device messages.
 *
 * Subscribes only what is used. A callback that throws and a message that cannot be read are logged and cost nothing else.
 * A broker that leaves a subscription unanswered ends the session for it (MQTT knows no other remedy); so that telemetry
 * still flows, such subscriptions are then put off, longer each time.
 */
import { idle } from "../base/idle.ts";
import { Fault, printable } from "../fault.ts";
import type { Sink } from "../mqtt/events.ts";
import type { Clock, Log } from "../port.ts";
import type { HubSession } from "./hub-session.ts";
import { DESIRED_FILTER, METHODS_FILTER, messagesFilter, messagesPrefix, TWIN_FILTER } from "./hub-topics.ts";
import { Intake } from "./intake.ts";
import { type CloudMessage, parseMessage } from "./messages.ts";
import { type MethodHandlers, Methods } from "./methods.ts";
import type { ReportDone } from "./reported.ts";
import { Twin, type TwinOptions } from "./twin.ts";

export interface FeatureOptions {
	readonly clock: Clock;
	readonly log: Log;
	/** Uniform in [0, 1). */
	readonly random: () => number;
	/** Of one message's body: larger ones are consumed and told in the log. */
	readonly maxMessageBytes: number;
	readonly onDesired?: TwinOptions["onDesired"];
	readonly onNewTwin?: (() => void) | undefined;
	/** Desired properties that the application wants; absent: all that fit. */
	readonly properties?: readonly string[] | undefined;
	readonly methods?: MethodHandlers | undefined;
	readonly onMessage?: ((message: CloudMessage) => void) | undefined;
	/**
	 * Begin with the application kept from what the hub sends (base/starts.ts). Its methods are answered 503; its messages are not asked
	 * for, and those that come all the same are acknowledged and told in the log: unacknowledged they would come again and again.
	 */
	readonly careful?: boolean;
}

/** The first time it may have been the network. */
const PUT_OFF_FROM = 2;
const FIRST_PUT_OFF_MS = 600_000;
const LONGEST_PUT_OFF_MS = 24 * 3600_000;

export class HubFeatures {
	readonly #options: FeatureOptions;
	readonly #intake: Intake;
	readonly #twin: Twin;
	readonly #methods: Methods;
	#session: HubSession | undefined;
	#twinUsed: boolean;
	/** Of the session: asked for, not answered. */
	#filters = new Set<string>();
	/** Sessions in a row that ended with a subscription unanswered. */
	#silences = 0;
	#ready = false;
	#putOffUntilTicks = 0;
	#cancel: () => void = idle;

	constructor(options: FeatureOptions) {
		const { clock, log, random, onDesired, onNewTwin, methods = {}, properties } = options;
		this.#options = options;
		this.#intake = new Intake(options.maxMessageBytes, random);
		this.#twin = new Twin({
			clock,
			log,
			random,
			onNew: onNewTwin && (() => this.#guarded(onNewTwin)),
			intake: this.#intake,
			properties: options.careful ? [] : properties,
			onDesired: onDesired && ((properties, desired) => this.#guarded(() => onDesired(properties, desired))),
		});
		this.#methods = new Methods({ clock, log, intake: this.#intake, handlers: methods, careful: options.careful });
		this.#twinUsed = onDesired !== undefined;
	}

	/** The application is kept from what the hub sends. */
	get careful(): boolean {
		return this.#methods.careful;
	}

	/** The application gets from here on what the hub sends, and the desired properties whole. */
	resume(): void {
		this.#methods.careful = false;
		if (this.#ready) this.#startMessages();
		if (this.#options.onDesired) this.#twin.want(this.#options.properties);
	}

	/** A session is open: subscribes, then reads the twin and reports what waits. */
	attach(session: HubSession): void {
		this.detach();
		this.#session = session;
		this.#twin.belongsTo(`${session.hub}/${session.deviceId}`);
		// The hub may have kept our filters from an earlier session, and calls at once.
		this.#methods.attach((topic, payload) => session.send(topic, payload));
		const wait = this.#putOffUntilTicks - this.#options.clock.ticks();
		if (wait <= 0) this.#start();
		else this.#cancel = this.#options.clock.after(wait, () => this.#start());
	}

	/** It has ended. */
	detach(): void {
		this.#session = undefined;
		this.#ready = false;
		this.#filters.clear();
		this.#cancel();
		this.#cancel = idle;
		this.#twin.detach();
		this.#methods.detach();
	}

	/** Whether it was for one of the features. */
	message(topic: string, payload: Uint8Array): boolean {
		try {
			return (
				this.#twin.message(topic, payload) || this.#methods.message(topic, payload) || this.#receive(topic, payload)
			);
		} catch (thrown) {
			this.#complain(Fault.of(thrown, "hub.response"));
			return true;
		}
	}

	/** A message that is too large to be held has begun: where its payload goes; undefined: nowhere, which is told in the log. */
	open(topic: string, bytes: number): Sink | undefined {
		try {
			const sink = this.#twin.open(topic) ?? this.#methods.open(topic, bytes);
			if (sink) return this.#forgiving(sink);
		} catch (thrown) {
			this.#complain(Fault.of(thrown, "hub.response"));
			return undefined;
		}
		const what = `${bytes} bytes for ${printable(topic)}, at most ${this.#intake.bytes}; acknowledged and not looked at`;
		this.#complain(new Fault("hub.too-large", what));
		return undefined;
	}

	/**
	 * Reports properties: a patch, in which null removes. Waits for the next session when there is none, merged with what
	 * waits already. `done` is called once: after the hub's answer, or with Fault hub.invalid, hub.too-large, hub.bad-request.
	 */
	report(patch: object, done: ReportDone = idle): void {
		this.#twin.report(patch, (fault, version) => this.#guarded(() => done(fault, version)));
		this.#useTwin();
	}

	/** The agent's own, which `make` gives each time that it leaves. */
	tell(make: () => object, done: ReportDone): void {
		this.#twin.tell(make, done);
		this.#useTwin();
	}

	#useTwin(): void {
		if (this.#twinUsed || this.#twin.waiting === 0) return;
		this.#twinUsed = true;
		if (this.#ready) this.#startTwin();
	}

	#start(): void {
		this.#ready = true;
		if (this.#twinUsed) this.#startTwin();
		if (Object.keys(this.#options.methods ?? {}).length > 0) this.#subscribe(METHODS_FILTER);
		this.#startMessages();
	}

	#startMessages(): void {
		if (this.#options.onMessage && !this.careful) this.#subscribe(messagesFilter(this.#session!.deviceId));
	}

	/** What changes from here on must reach us before the twin is read, or a change in between is lost. */
	#startTwin(): void {
		const session = this.#session!;
		const start = () => this.#twin.attach((topic, payload) => session.send(topic, payload));
		const answers = () => this.#subscribe(TWIN_FILTER, start);
		if (this.#options.onDesired) this.#subscribe(DESIRED_FILTER, answers);
		else answers();
	}

	#subscribe(filter: string, then: () => void = idle): void {
		const session = this.#session!;
		this.#filters.add(filter);
		session.subscribe(filter, (fault) => {
			if (this.#session !== session) return;
			if (!fault) {
				this.#filters.delete(filter);
				then();
				if (this.#filters.size === 0) this.#silences = 0;
			} else {
				this.#complain(fault);
				if (fault.code === "mqtt.subscribe") this.#filters.delete(filter);
				else this.#putOff();
			}
		});
	}

	/** Once for a session, however many subscriptions it leaves open. */
	#putOff(): void {
		if (this.#filters.size === 0) return;
		this.#filters.clear();
		if (++this.#silences < PUT_OFF_FROM) return;
		const wait = Math.min(LONGEST_PUT_OFF_MS, FIRST_PUT_OFF_MS * 2 ** (this.#silences - PUT_OFF_FROM));
		this.#putOffUntilTicks = this.#options.clock.ticks() + wait;
		this.#options.log("hub.features-put-off", { seconds: wait / 1000 });
	}

	#receive(topic: string, payload: Uint8Array): boolean {
		const { onMessage } = this.#options;
		const session = this.#session;
		if (!session) return false;
		if (this.careful) return this.#pass(topic, payload.length);
		const message = parseMessage(session.deviceId, topic, payload, this.#intake);
		if (!message) return false;
		if (onMessage) this.#guarded(() => onMessage(message));
		return true;
	}

	/** A message for an application that is kept from it. */
	#pass(topic: string, bytes: number): boolean {
		if (!topic.startsWith(messagesPrefix(this.#session!.deviceId))) return false;
		this.#complain(new Fault("device.unstable", `a message of ${bytes} bytes, acknowledged and not looked at`));
		return true;
	}

	/** The same; its first Fault is told, and what follows passed over. */
	#forgiving(sink: Sink): Sink {
		let failed = false;
		const step = (run: () => void): void => {
			if (failed) return;
			try {
				run();
			} catch (thrown) {
				failed = true;
				this.#complain(Fault.of(thrown, "hub.response"));
			}
		};
		return { push: (bytes) => step(() => sink.push(bytes)), end: () => step(() => sink.end()) };
	}

	#guarded(callback: () => void): void {
		try {
			callback();
		} catch (thrown) {
			this.#complain(Fault.of(thrown, "agent.callback"));
		}
	}

	#complain({ code, message }: Fault): void {
		this.#options.log("fault", { code, message });
	}
}
