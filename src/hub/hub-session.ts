/**
 * One connection to IoT Hub under a device's credential.
 *
 * It opens with the preview api-version and, when the hub refuses that or hangs up on it, once more with the GA
 * version. A refused credential is Fault hub.unauthorized, however the refusal came (TLS alert or CONNACK).
 */
import { type Endpoint, formatEndpoint } from "../base/endpoint.ts";
import { Fault } from "../fault.ts";
import { type Client, type ClientEvents, openClient } from "../mqtt/client.ts";
import type { Sink } from "../mqtt/events.ts";
import { AROUND_BODY_BYTES, recordBytes } from "../mqtt/header.ts";
import { wayOf } from "../mqtt/transport.ts";
import type { Clock, Identity, Log, Wire } from "../port.ts";
import { API_VERSION_GA, API_VERSION_PREVIEW, type Properties, telemetryTopic, username } from "./hub-topics.ts";

export interface HubOptions {
	readonly wire: Wire;
	readonly clock: Clock;
	readonly log: Log;
	readonly hub: Endpoint;
	readonly deviceId: string;
	readonly identity: Identity;
	readonly anchors: readonly Uint8Array[];
	readonly additionalAnchors?: readonly Uint8Array[];
	/** Of a message's body that is held. */
	readonly maxMessageBytes: number;
}

export interface HubEvents {
	onOpen(): void;
	/** Every message that is no acknowledgement. */
	onMessage(topic: string, payload: Uint8Array): void;
	/** A message that is too large to be held: where its payload goes, if anywhere. */
	onLarge?(topic: string, bytes: number): Sink | undefined;
	/** Exactly once, also instead of onOpen; `fault` is absent after our own close. */
	onClose(fault?: Fault): void;
}

export interface HubSession {
	readonly apiVersion: string;
	/** `host` or `host:port`. */
	readonly hub: string;
	readonly deviceId: string;
	/** QoS 1: `done` comes with the hub's acknowledgement, or with the Fault that prevented it. */
	telemetry(body: Uint8Array, properties: Properties, done: (fault?: Fault) => void): void;
	subscribe(filter: string, done: (fault?: Fault) => void): void;
	publish(topic: string, payload: Uint8Array, done: (fault?: Fault) => void): void;
	/** QoS 0: for what the hub answers by a message of its own, or not at all. */
	send(topic: string, payload: Uint8Array): void;
	close(): void;
}

/** The service allows up to 1177 s; NAT boxes forget sooner. */
const KEEP_ALIVE_SECONDS = 240;
const TIMEOUT_SECONDS = 60;

/** What only a handshake takes. */
type Shown = Pick<HubOptions, "identity" | "additionalAnchors">;

export const openHub = (options: HubOptions, events: HubEvents): HubSession => new DeviceSession(options, events);

class DeviceSession implements HubSession, ClientEvents {
	readonly #options: Omit<HubOptions, keyof Shown>;
	/** Until the session is open: chains may be some KB. */
	#shown: Shown | undefined;
	readonly #events: HubEvents;
	#apiVersion = API_VERSION_PREVIEW;
	#opened = false;
	#closing = false;
	#client: Client;

	constructor({ identity, additionalAnchors, ...options }: HubOptions, events: HubEvents) {
		this.#options = options;
		this.#shown = { identity, ...(additionalAnchors && { additionalAnchors }) };
		this.#events = events;
		this.#client = this.#connect();
	}

	get deviceId(): string {
		return this.#options.deviceId;
	}

	get hub(): string {
		return formatEndpoint(this.#options.hub);
	}

	get apiVersion(): string {
		return this.#apiVersion;
	}

	telemetry(body: Uint8Array, properties: Properties, done: (fault?: Fault) => void): void {
		this.#client.publish(telemetryTopic(this.deviceId, properties), body, 1, done);
	}

	subscribe(filter: string, done: (fault?: Fault) => void): void {
		this.#client.subscribe(filter, done);
	}

	publish(topic: string, payload: Uint8Array, done: (fault?: Fault) => void): void {
		this.#client.publish(topic, payload, 1, done);
	}

	send(topic: string, payload: Uint8Array): void {
		this.#client.publish(topic, payload, 0);
	}

	close(): void {
		this.#closing = true;
		this.#client.close();
	}

	onOpen(): void {
		const { log, hub, wire, deviceId } = this.#options;
		this.#opened = true;
		this.#shown = undefined;
		const { port, transport } = wayOf(wire, hub.port);
		log("hub.connected", { hub: hub.host, port, transport, deviceId, apiVersion: this.#apiVersion });
		this.#events.onOpen();
	}

	onMessage(topic: string, payload: Uint8Array): void {
		this.#events.onMessage(topic, payload);
	}

	onLarge(topic: string, bytes: number): Sink | undefined {
		return this.#events.onLarge?.(topic, bytes);
	}

	onClose(fault?: Fault): void {
		const apiVersion = this.#apiVersion;
		if (this.#opened || this.#closing || apiVersion === API_VERSION_GA || !isRefusal(fault)) {
			this.#end(fault);
			return;
		}
		this.#options.log("hub.api-version", { refused: apiVersion, next: API_VERSION_GA });
		this.#apiVersion = API_VERSION_GA;
		this.#client = this.#connect();
	}

	#connect(): Client {
		const { wire, clock, hub, deviceId, anchors, maxMessageBytes } = this.#options;
		const { host, port } = hub;
		const timeoutSeconds = TIMEOUT_SECONDS;
		return openClient(
			{
				wire,
				clock,
				connect: {
					host,
					port,
					anchors,
					...this.#shown,
					timeoutSeconds,
					maxRecordBytes: recordBytes(maxMessageBytes),
					notBefore: clock.now(),
				},
				clientId: deviceId,
				username: username(host, deviceId, this.#apiVersion),
				// Keeps cloud-to-device messages and a pending certificate waiting for us.
				clean: false,
				keepAliveSeconds: KEEP_ALIVE_SECONDS,
				maxPacketBytes: maxMessageBytes + AROUND_BODY_BYTES,
				timeoutSeconds,
			},
			this,
		);
	}

	#end(fault: Fault | undefined): void {
		const { hub, deviceId } = this.#options;
		if (this.#closing) this.#events.onClose();
		else if (!fault || fault.code === "mqtt.closed")
			this.#events.onClose(new Fault("hub.closed", "the hub ended the session", { cause: fault }));
		else if (/^(tls\.rejected|mqtt\.credentials|mqtt\.unauthorized)$/.test(fault.code))
			this.#events.onClose(new Fault("hub.unauthorized", `${hub.host} refused ${deviceId}`, { cause: fault }));
		else this.#events.onClose(fault);
	}
}

/** What a hub may do to a CONNECT whose api-version it does not know. */
function isRefusal(fault: Fault | undefined): boolean {
	return (
		!fault ||
		fault.code === "wire.closed" ||
		/^mqtt\.(credentials|unauthorized|refused|client-id|closed)$/.test(fault.code)
	);
}
