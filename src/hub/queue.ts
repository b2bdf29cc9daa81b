/**
 * Messages on their way to the hub: bounded, in order, one in flight.
 *
 * What has not been acknowledged stays and is sent again after a reconnect (QoS 1: the hub may see it twice). When
 * the bound is reached the oldest goes, and is counted.
 */
import { Fault } from "../fault.ts";
import type { HubSession } from "./session.ts";
import type { Properties } from "./topics.ts";

export interface QueuedMessage {
	readonly body: Uint8Array;
	readonly properties: Properties;
	/** Called once: without a Fault when the hub has acknowledged. */
	readonly done: (fault?: Fault) => void;
}

export interface QueueLimits {
	readonly messages: number;
	readonly bytes: number;
}

export class TelemetryQueue {
	readonly #limits: QueueLimits;
	readonly #waiting: QueuedMessage[] = [];
	#bytes = 0;
	#session: HubSession | undefined;
	#inFlight: QueuedMessage | undefined;
	#dropped = 0;
	#empty: () => void = () => {};

	constructor(limits: QueueLimits) {
		this.#limits = limits;
	}

	get length(): number {
		return this.#waiting.length;
	}

	/** Messages lost to the bound since start. */
	get dropped(): number {
		return this.#dropped;
	}

	push(message: QueuedMessage): void {
		this.#waiting.push(message);
		this.#bytes += message.body.length;
		while (
			this.#waiting.length > 1 &&
			(this.#waiting.length > this.#limits.messages || this.#bytes > this.#limits.bytes)
		)
			this.#drop();
		this.#send();
	}

	/** The session to send on; undefined while there is none. */
	attach(session: HubSession | undefined): void {
		this.#session = session;
		this.#inFlight = undefined;
		this.#send();
	}

	/** Calls back once nothing waits any more; at once when nothing does. */
	whenEmpty(callback: () => void): void {
		this.#empty = callback;
		if (this.#waiting.length === 0) callback();
	}

	#drop(): void {
		const oldest = this.#waiting.shift()!;
		this.#bytes -= oldest.body.length;
		this.#dropped++;
		if (this.#inFlight === oldest) this.#inFlight = undefined;
		oldest.done(new Fault("hub.queue-full", `dropped to keep within ${this.#limits.messages} messages`));
	}

	#send(): void {
		const next = this.#waiting[0];
		const session = this.#session;
		if (!session || !next || this.#inFlight) return;
		this.#inFlight = next;
		session.telemetry(next.body, next.properties, (fault) => {
			if (this.#inFlight !== next) return;
			this.#inFlight = undefined;
			// Too large for the broker will never pass; anything else is sent again on the next session.
			if (fault && fault.code !== "mqtt.too-large") return;
			this.#waiting.shift();
			this.#bytes -= next.body.length;
			next.done(fault);
			if (this.#waiting.length === 0) this.#empty();
			this.#send();
		});
	}
}
