/**
 * How MQTT leaves a site: over TLS on port 8883, or over WebSocket on port 443 where that is closed. A Wire around the
 * platform's own.
 *
 * `auto` tries the other way when a connection could not be made, within the same attempt, and keeps to what has worked for
 * as long as it works. Any other port than these two is taken to serve both, as a local cloud does.
 */
import { MQTT_TLS_PORT } from "../base/endpoint.ts";
import type { Fault } from "../fault.ts";
import type { Connection, Log, Wire, WireEvents, WireOptions } from "../port.ts";

export const TRANSPORTS = ["auto", "mqtt", "ws"] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** Of IoT Hub and DPS alike. */
const PATH = "/$iothub/websocket";
const PORT = 443;

export class MqttWire implements Wire {
	readonly wire: Wire;
	readonly log: Log;
	/** Both ways may be tried. */
	readonly auto: boolean;
	/** What has worked last. */
	webSocket: boolean;

	constructor(wire: Wire, transport: Transport, log: Log) {
		this.wire = wire;
		this.log = log;
		this.auto = transport === "auto";
		this.webSocket = transport === "ws";
	}

	connect(options: WireOptions, events: WireEvents): Connection {
		return new Attempt(this, options, events);
	}

	forget(): void {
		this.wire.forget?.();
	}
}

/** For the log: how a connection that was made for that port has gone, once its first byte has come. */
export function wayOf(wire: Wire, port: number): { readonly port: number; readonly transport?: "ws" | undefined } {
	return wire instanceof MqttWire && wire.webSocket ? { port: webSocketPort(port), transport: "ws" } : { port };
}

const webSocketPort = (port: number): number => (port === MQTT_TLS_PORT ? PORT : port);

class Attempt implements Connection, WireEvents {
	readonly #owner: MqttWire;
	/** Until no other way is left to be tried. */
	#options: WireOptions | undefined;
	readonly #events: WireEvents;
	readonly #host: string;
	#webSocket: boolean;
	#connection: Connection;

	constructor(owner: MqttWire, options: WireOptions, events: WireEvents) {
		this.#owner = owner;
		this.#options = owner.auto ? options : undefined;
		this.#events = events;
		this.#host = options.host;
		this.#webSocket = owner.webSocket;
		this.#connection = this.#connect(options);
	}

	write(bytes: Uint8Array): void {
		this.#connection.write(bytes);
	}

	close(): void {
		this.#options = undefined;
		this.#connection.close();
	}

	onOpen(): void {
		this.#options = undefined;
		if (this.#connection.isResumed) this.#owner.log("tls.resumed", { host: this.#host });
		// Until the first byte has come, the next attempt tries the other way: some gateways let TLS through, but no MQTT.
		if (this.#owner.auto) this.#owner.webSocket = !this.#webSocket;
		this.#events.onOpen();
	}

	get wanted(): number {
		return this.#events.wanted ?? 0;
	}

	onData(bytes: Uint8Array): void {
		this.#owner.webSocket = this.#webSocket;
		this.#events.onData(bytes);
	}

	onClose(fault?: Fault): void {
		const options = this.#options;
		if (options === undefined || !fault || !isBlocked(fault)) {
			this.#events.onClose(fault);
			return;
		}
		this.#options = undefined;
		this.#webSocket = !this.#webSocket;
		this.#owner.log("transport", { failed: fault.code, next: this.#webSocket ? "ws" : "mqtt" });
		this.#connection = this.#connect(options);
	}

	#connect(given: WireOptions): Connection {
		const { port, timeoutSeconds } = given;
		const options = {
			...given,
			// What drops packets costs the whole time: the other way needs its share.
			timeoutSeconds: this.#options === undefined ? timeoutSeconds : Math.ceil(timeoutSeconds / 2),
			...(this.#webSocket ? { webSocket: PATH, port: webSocketPort(port) } : {}),
		};
		return this.#owner.wire.connect(options, this);
	}
}

/** What a firewall does to a connection. A name that does not resolve, or a server that is not the right one, is no firewall. */
function isBlocked({ code }: Fault): boolean {
	return (code.startsWith("wire.") && code !== "wire.dns") || code === "tls.protocol";
}
