/**
 * What went over the wire, one entry an MQTT packet, and what the cloud made of it, in one order. Keeps the last entries.
 *
 * No secret enters an entry: of a password only what a SAS token says besides its signature, no signature in a topic or
 * payload, no private key in PEM. Long details and payloads are cut.
 */
import type { Packet } from "mqtt-packet";
import type { Clock } from "../src/port.ts";
import type { CloudEvent } from "./event.ts";
import { Listeners } from "./listeners.ts";
import { Newest, weigh } from "./newest.ts";

export interface PacketEntry {
	readonly time: number;
	readonly connection: number;
	readonly deviceId: string;
	readonly direction: "in" | "out";
	/** CONNECT, PUBLISH, ... */
	readonly packet: string;
	readonly detail: string;
	/** Of a PUBLISH, as text. */
	readonly payload?: string;
}

/** A connection has received ("in") or sent a packet. */
export type Trace = (connection: number, deviceId: string, direction: PacketEntry["direction"], packet: Packet) => void;

export type Entry = PacketEntry | CloudEvent;

const LIMITS = { count: 500, bytes: 8 * 1024 * 1024 };
/** Of a detail, and of a payload. */
const MAX_CHARACTERS = 2000;
const MASK = "•••";

export class Log {
	readonly #newest = new Newest<Entry>(LIMITS);
	readonly entries: readonly Entry[] = this.#newest.items;
	readonly listeners = new Listeners<Entry>();
	readonly trace: Trace;

	constructor(clock: Clock, happenings: Listeners<CloudEvent>) {
		happenings.add((event) => this.#add(event));
		this.trace = (connection, deviceId, direction, packet) =>
			this.#add({ time: clock.now(), connection, deviceId, direction, ...shortened(describe(packet)) });
	}

	#add(entry: Entry): void {
		this.#newest.add(entry, weigh(entry));
		this.listeners.tell(entry);
	}
}

type Described = Pick<PacketEntry, "packet" | "detail" | "payload">;

function shortened({ packet, detail, payload }: Described): Described {
	return { packet, detail: short(detail), ...(payload === undefined ? {} : { payload: short(payload) }) };
}

/** A text of its own, which keeps nothing of the long one. */
function short(text: string): string {
	const rest = text.length - MAX_CHARACTERS;
	return rest > 0 ? `${Buffer.from(text.slice(0, MAX_CHARACTERS))}… ${rest} more` : text;
}

function describe(packet: Packet): Described {
	const name = packet.cmd.toUpperCase();
	switch (packet.cmd) {
		case "connect": {
			const { clientId, username = "", password, clean, keepalive } = packet;
			const secret = password === undefined ? "" : ` password="${maskedPassword(password.toString("utf8"))}"`;
			const detail = `clientId=${clientId} username="${username}"${secret} clean=${clean} keepalive=${keepalive}`;
			return { packet: name, detail };
		}
		case "connack":
			return { packet: name, detail: `returnCode=${packet.returnCode} sessionPresent=${packet.sessionPresent}` };
		case "subscribe":
			return { packet: name, detail: packet.subscriptions.map(({ topic, qos }) => `${topic} QoS ${qos}`).join(", ") };
		case "suback":
			return { packet: name, detail: `granted ${packet.granted.join(", ")}` };
		case "unsubscribe":
			return { packet: name, detail: packet.unsubscriptions.join(", ") };
		case "publish": {
			const payload = masked(Buffer.from(packet.payload as Uint8Array).toString("utf8"));
			return { packet: name, detail: `${masked(packet.topic)} QoS ${packet.qos}`, payload };
		}
		default:
			return { packet: name, detail: packet.messageId === undefined ? "" : `id ${packet.messageId}` };
	}
}

/** Of a SAS token the resource, the expiry and the policy's name; of anything else nothing. */
function maskedPassword(password: string): string {
	const [, fields] = /^SharedAccessSignature (.*)$/.exec(password) ?? [];
	const open = fields?.split("&").filter((field) => /^(sr|se|skn)=/.test(field)) ?? [];
	return fields === undefined ? MASK : `SharedAccessSignature ${[...open, `sig=${MASK}`].join("&")}`;
}

function masked(text: string): string {
	return text
		.replace(/\bsig=[^&"\s]+/gi, `sig=${MASK}`)
		.replace(/-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?(-----END \1-----|$)/gs, MASK);
}
