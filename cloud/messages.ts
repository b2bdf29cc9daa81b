/** Cloud-to-device messages: at most 50 wait for a device; each goes out until it is acknowledged (QoS 1) or expires. */
import { randomUUID } from "node:crypto";
import type { Clock } from "../src/port.ts";
import type { Device, Devices } from "./devices.ts";
import type { Witness } from "./event.ts";
import type { HubSession } from "./hub-session.ts";
import { MOST_TOPIC_BYTES } from "./packets.ts";
import { encodeProperties, type Properties } from "./topic.ts";

/** Plain data. */
export interface WaitingMessage {
	readonly id: string;
	/** base64. */
	readonly body: string;
	readonly properties: Properties;
	/** Milliseconds since 1970. */
	readonly expires: number;
}

export interface MessageOptions {
	readonly clock: Clock;
	readonly devices: Devices;
	readonly witness: Witness;
}

const MAX_WAITING = 50;
const MAX_BODY_BYTES = 64 * 1024;
const LIFETIME_MS = 3600_000;

export class Messages {
	readonly #options: MessageOptions;
	readonly #session: (deviceId: string) => HubSession | undefined;
	/** The session that a message went out on, so that it goes out once a connection. */
	readonly #sent = new WeakMap<WaitingMessage, HubSession>();

	constructor(options: MessageOptions, session: (deviceId: string) => HubSession | undefined) {
		this.#options = options;
		this.#session = session;
	}

	/** The message's id. Throws RangeError when the body is over 64 KB, 50 messages wait already, or no topic can carry the properties. */
	send(device: Device, body: Uint8Array, properties: Properties = {}): string {
		const { clock, devices } = this.#options;
		if (body.length > MAX_BODY_BYTES) throw new RangeError("the body exceeds 64 KB");
		this.#expire(device);
		if (device.messages.length >= MAX_WAITING) throw new RangeError("50 messages wait already");
		const id = randomUUID();
		const expires = clock.now() + LIFETIME_MS;
		const message = { id, body: Buffer.from(body).toString("base64"), properties, expires };
		checkTopic(device, message);
		device.messages.push(message);
		devices.changed(device);
		this.flush(device);
		return id;
	}

	/** Sends what waits, if the device is connected and subscribed. */
	flush(device: Device): void {
		const session = this.#session(device.id);
		if (session === undefined) return;
		this.#expire(device);
		for (const message of [...device.messages]) {
			if (this.#sent.get(message) === session) continue;
			const acknowledged = () => this.#acknowledged(device, message);
			if (!session.deliver(topicOf(device, message), Buffer.from(message.body, "base64"), acknowledged)) return;
			this.#sent.set(message, session);
		}
	}

	#acknowledged(device: Device, message: WaitingMessage): void {
		device.messages = device.messages.filter((waiting) => waiting !== message);
		this.#options.devices.changed(device);
		this.#options.witness({ event: "message-acknowledged", deviceId: device.id, id: message.id });
	}

	#expire(device: Device): void {
		const now = this.#options.clock.now();
		if (device.messages.some(({ expires }) => expires <= now))
			device.messages = device.messages.filter(({ expires }) => expires > now);
	}
}

/** Throws URIError on properties that are not well-formed text. */
function topicOf(device: Device, { id, properties }: WaitingMessage): string {
	const path = `devices/${device.id.replace("/", "/modules/")}/messages`;
	const bag = encodeProperties({ "$.mid": id, "$.to": `/${path}/deviceBound`, ...properties });
	return `${path}/devicebound/${bag}`;
}

function checkTopic(device: Device, message: WaitingMessage): void {
	let topic: string;
	try {
		topic = topicOf(device, message);
	} catch (cause) {
		throw new RangeError("properties: not well-formed text", { cause });
	}
	if (topic.length > MOST_TOPIC_BYTES)
		throw new RangeError(`properties: a topic of more than ${MOST_TOPIC_BYTES} bytes`);
}
