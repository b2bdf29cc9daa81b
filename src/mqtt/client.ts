/**
 * An MQTT client: joins Wire, Session and Clock. Holds the one timer; everything else is the session's.
 *
 * A class, as are those who use it: on XS methods are in ROM, while a closure has its code and its variables in RAM.
 */
import type { Fault } from "../fault.ts";
import type { Clock, Wire, WireEvents, WireOptions } from "../port.ts";
import type { SessionEvents } from "./events.ts";
import type { Done } from "./inflight.ts";
import type { QoS } from "./packet.ts";
import { Session, type SessionOptions } from "./session.ts";

export interface ClientOptions extends SessionOptions {
	readonly wire: Wire;
	readonly clock: Clock;
	readonly connect: WireOptions;
}

export type ClientEvents = SessionEvents;

/** From onOpen to onClose. No callback comes within the call that caused it. */
export interface Client {
	subscribe(filter: string, done: Done): void;
	publish(topic: string, payload: Uint8Array, qos: QoS, done?: Done): void;
	/** Ends the session in an orderly way; onClose follows. */
	close(): void;
}

export const openClient = (options: ClientOptions, events: ClientEvents): Client => new TimedSession(options, events);

class TimedSession implements Client, WireEvents {
	readonly #clock: Clock;
	readonly #session: Session;
	#timer: { readonly at: number; readonly cancel: () => void } | undefined;

	constructor(options: ClientOptions, events: ClientEvents) {
		this.#clock = options.clock;
		this.#session = new Session(options, events, options.wire.connect(options.connect, this));
	}

	subscribe(filter: string, done: Done): void {
		this.#step((now) => this.#session.subscribe(filter, done, now));
	}

	publish(topic: string, payload: Uint8Array, qos: QoS, done?: Done): void {
		this.#step((now) => this.#session.publish(topic, payload, qos, done, now));
	}

	close(): void {
		this.#step((now) => this.#session.close(now));
	}

	onOpen(): void {
		this.#step((now) => this.#session.start(now));
	}

	get wanted(): number {
		return this.#session.wanted;
	}

	onData(bytes: Uint8Array): void {
		this.#step((now) => this.#session.receive(bytes, now));
	}

	onClose(fault?: Fault): void {
		this.#step(() => this.#session.finish(fault));
	}

	/** Runs one step of the session, then sees to its deadline. A timer that fires too early only looks again. */
	#step(run: (now: number) => void): void {
		run(this.#clock.ticks());
		const { deadline } = this.#session;
		if (this.#timer !== undefined && deadline !== undefined && this.#timer.at <= deadline) return;
		this.#timer?.cancel();
		this.#timer = undefined;
		if (deadline === undefined) return;
		const cancel = this.#clock.after(Math.max(0, deadline - this.#clock.ticks()), () => {
			this.#timer = undefined;
			this.#step((now) => this.#session.tick(now));
		});
		this.#timer = { at: deadline, cancel };
	}
}
