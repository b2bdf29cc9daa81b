/**
 * Telemetry on its way to the hub: in order, one message in flight, bounded by count and by bytes.
 *
 * What has not been acknowledged stays and is sent again after a reconnect (QoS 1: the hub may see it twice). When a bound
 * is reached the oldest goes, is counted, learns of it, and the log says how many went. Refused before anything is dropped
 * for it: a message over the hub's 256 KB or over the queue's own bound, bodies that JSON cannot say, properties that are
 * not text.
 */

import { utf8 } from "../base/bytes.ts";
import { idle } from "../base/idle.ts";
import { Fault } from "../fault.ts";
import type { Log } from "../port.ts";
import type { HubSession } from "./hub-session.ts";
import { encodeProperties, JSON_BODY, type Properties } from "./hub-topics.ts";
import { encodeJson } from "./json.ts";
import { checkSize, MOST_PROPERTIES_BYTES, MOST_TELEMETRY_BYTES } from "./limits.ts";

export interface QueueLimits {
	readonly messages: number;
	/** Of bodies and properties together. */
	readonly bytes: number;
}

interface QueuedMessage {
	readonly body: Uint8Array;
	readonly properties: Properties;
	/** Of body and encoded properties. */
	readonly bytes: number;
	readonly done: (fault?: Fault) => void;
}

export class TelemetryQueue {
	readonly #limits: QueueLimits;
	readonly #log: Log;
	readonly #waiting: QueuedMessage[] = [];
	#bytes = 0;
	#session: Pick<HubSession, "telemetry"> | undefined;
	/** Until the hub answers, even when it has been dropped meanwhile. */
	#inFlight: QueuedMessage | undefined;
	#dropped = 0;
	/** Of those, what has been logged. */
	#droppedSaid = 0;
	#empty: () => void = idle;

	constructor(limits: QueueLimits, log: Log = idle) {
		this.#limits = limits;
		this.#log = log;
	}

	get length(): number {
		return this.#waiting.length;
	}

	/** Messages lost to the bounds since start. One that was in flight may have arrived all the same. */
	get dropped(): number {
		return this.#dropped;
	}

	/**
	 * Objects go as JSON, texts as UTF-8. `done` is called once: when the hub has acknowledged, or with Fault hub.queue-full;
	 * within this call with hub.too-large or hub.invalid.
	 */
	push(body: Uint8Array | string | object, properties: Properties, done: (fault?: Fault) => void): void {
		let message: QueuedMessage;
		try {
			message = encode(body, properties, done);
			checkSize("message", message.bytes, Math.min(MOST_TELEMETRY_BYTES, this.#limits.bytes));
		} catch (thrown) {
			done(Fault.of(thrown, "hub.invalid"));
			return;
		}
		const dropped: QueuedMessage[] = [];
		while (this.#waiting.length >= this.#limits.messages || this.#bytes + message.bytes > this.#limits.bytes)
			dropped.push(this.#shift());
		this.#waiting.push(message);
		this.#bytes += message.bytes;
		this.#dropped += dropped.length;
		this.#send();
		const { messages: most, bytes: mostBytes } = this.#limits;
		for (const oldest of dropped)
			oldest.done(new Fault("hub.queue-full", `dropped to keep within ${most} messages, ${mostBytes} bytes`));
	}

	/** The session to send on; undefined while there is none. */
	attach(session: Pick<HubSession, "telemetry"> | undefined): void {
		this.#session = session;
		this.#inFlight = undefined;
		if (this.#dropped > this.#droppedSaid) {
			this.#log("telemetry.dropped", { messages: this.#dropped - this.#droppedSaid, sinceStart: this.#dropped });
			this.#droppedSaid = this.#dropped;
		}
		this.#send();
	}

	/** Calls back once nothing waits any more; at once when nothing does. */
	whenEmpty(callback: () => void): void {
		this.#empty = callback;
		if (this.#waiting.length === 0) callback();
	}

	#shift(): QueuedMessage {
		const message = this.#waiting.shift()!;
		this.#bytes -= message.bytes;
		return message;
	}

	#send(): void {
		const next = this.#waiting[0];
		const session = this.#session;
		if (!session || !next || this.#inFlight) return;
		this.#inFlight = next;
		session.telemetry(next.body, next.properties, (fault) => {
			if (this.#session !== session || this.#inFlight !== next) return;
			this.#inFlight = undefined;
			// Sent again on the next session. Any other Fault is an open session's refusal of this very message: it would stay for ever.
			if (fault && isOver(fault)) return;
			if (this.#waiting[0] === next) {
				this.#shift();
				next.done(fault);
			}
			if (this.#waiting.length === 0) this.#empty();
			this.#send();
		});
	}
}

/** The session has ended, or is about to. */
const isOver = ({ code }: Fault): boolean => code === "mqtt.closed" || code === "mqtt.timeout";

function encode(given: Uint8Array | string | object, own: Properties, done: (fault?: Fault) => void): QueuedMessage {
	const raw = given instanceof Uint8Array || typeof given === "string";
	const body = raw ? (typeof given === "string" ? utf8(given) : given) : encodeJson(given, MOST_TELEMETRY_BYTES);
	const properties = raw ? own : { ...JSON_BODY, ...own };
	const { length } = encodeProperties(properties);
	checkSize("properties", length, MOST_PROPERTIES_BYTES);
	return { body, properties, bytes: body.length + length, done };
}
