/**
 * One connection to IoT Hub under a device's credential.
 *
 * It opens with the preview api-version and, when the hub refuses that or hangs up on it, once more with the GA
 * version. A refused credential is Fault hub.unauthorized, however the refusal came (TLS alert or CONNACK).
 */
import type { Endpoint } from "../endpoint.ts";
import { Fault } from "../fault.ts";
import { type Client, openClient } from "../mqtt/client.ts";
import type { Clock, Identity, Log, Wire } from "../port.ts";
import { MOST_PACKET_BYTES } from "./limits.ts";
import { API_VERSION_GA, API_VERSION_PREVIEW, type Properties, telemetryTopic, username } from "./topics.ts";

export interface HubOptions {
	readonly wire: Wire;
	readonly clock: Clock;
	readonly log: Log;
	readonly hub: Endpoint;
	readonly deviceId: string;
	readonly identity: Identity;
	readonly anchors: readonly Uint8Array[];
	readonly additionalAnchors?: readonly Uint8Array[];
}

export interface HubEvents {
	onOpen(): void;
	/** Every message that is no acknowledgement. */
	onMessage(topic: string, payload: Uint8Array): void;
	/** Exactly once, also instead of onOpen; `fault` is absent after our own close. */
	onClose(fault?: Fault): void;
}

export interface HubSession {
	readonly apiVersion: string;
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

export function openHub(options: HubOptions, events: HubEvents): HubSession {
	const { log, hub, deviceId } = options;
	let apiVersion = API_VERSION_PREVIEW;
	let opened = false;
	let closing = false;
	let client = connect();

	function connect(): Client {
		return openClient(
			{
				wire: options.wire,
				clock: options.clock,
				connect: {
					host: hub.host,
					port: hub.port,
					anchors: options.anchors,
					identity: options.identity,
					timeoutSeconds: TIMEOUT_SECONDS,
					...(options.additionalAnchors ? { additionalAnchors: options.additionalAnchors } : {}),
				},
				clientId: deviceId,
				username: username(hub.host, deviceId, apiVersion),
				// Keeps cloud-to-device messages and a pending certificate waiting for us.
				clean: false,
				keepAliveSeconds: KEEP_ALIVE_SECONDS,
				maxPacketBytes: MOST_PACKET_BYTES,
				timeoutSeconds: TIMEOUT_SECONDS,
			},
			{
				onOpen() {
					opened = true;
					log("hub.connected", { hub: hub.host, port: hub.port, deviceId, apiVersion });
					events.onOpen();
				},
				onMessage: events.onMessage,
				onClose(fault) {
					if (opened || closing || apiVersion === API_VERSION_GA || !isRefusal(fault)) {
						end(fault);
						return;
					}
					log("hub.api-version", { refused: apiVersion, next: API_VERSION_GA });
					apiVersion = API_VERSION_GA;
					client = connect();
				},
			},
		);
	}

	function end(fault: Fault | undefined): void {
		if (closing) events.onClose();
		else if (!fault || fault.code === "mqtt.closed")
			events.onClose(new Fault("hub.closed", "the hub ended the session", { cause: fault }));
		else if (/^(tls\.rejected|mqtt\.credentials|mqtt\.unauthorized)$/.test(fault.code))
			events.onClose(new Fault("hub.unauthorized", `${hub.host} refused ${deviceId}`, { cause: fault }));
		else events.onClose(fault);
	}

	return {
		deviceId,
		get apiVersion() {
			return apiVersion;
		},
		telemetry(body, properties, done) {
			client.publish(telemetryTopic(deviceId, properties), body, 1, done);
		},
		subscribe(filter, done) {
			client.subscribe(filter, done);
		},
		publish(topic, payload, done) {
			client.publish(topic, payload, 1, done);
		},
		send(topic, payload) {
			client.publish(topic, payload, 0, () => {});
		},
		close() {
			closing = true;
			client.close();
		},
	};
}

/** What a hub may do to a CONNECT whose api-version it does not know. */
function isRefusal(fault: Fault | undefined): boolean {
	return (
		!fault ||
		fault.code === "wire.closed" ||
		/^mqtt\.(credentials|unauthorized|refused|client-id|closed)$/.test(fault.code)
	);
}
