/** One thing that a peer may do to a device, and what must come of it. */
import { generate, type IPublishPacket, type Packet } from "mqtt-packet";
import type { RsaAuthority } from "./rsa-authority.ts";

export type Phase =
	| "tls"
	| "dps"
	| "hub"
	| "twin"
	| "desired"
	| "method"
	| "c2d"
	| "ws"
	| "renewal"
	| "update"
	| "archive";

export interface Row {
	readonly phase: Phase;
	readonly name: string;
	/** Large or odd, and within what the services' documents allow. */
	readonly lawful?: true;
	/** Codes that the device logs, each once, in any order. */
	readonly faults: readonly string[];
	/** The session outlives it: the call that comes behind it is answered. Else the agent waits, to try again. */
	readonly survives: boolean;
	/** More at once than a device holds: what has room takes it all, without a Fault. */
	readonly isBurst?: true;
	/** So many messages are handed to the application. */
	readonly messages?: number;
	/** A fault of the local cloud (cloud/faults.ts). */
	readonly arm?: string;
	/** Issues in place of the cloud's. */
	readonly authority?: RsaAuthority;
	/** Its certificates are more than there is room for in 64 KB, which is said, as with those of `authority`. */
	readonly isHeavy?: true;
	/** A server of its own in place of DPS. */
	readonly port?: () => Promise<number>;
	/** In place of a packet that the cloud sends: others; undefined: the packet itself. */
	readonly change?: ((packet: Packet) => readonly Uint8Array[] | undefined) | undefined;
	/** The connection ends with what `change` gave. */
	readonly thenEnds?: true;
	/** Behind the answer to the first twin request. */
	readonly pushes?: (() => readonly Uint8Array[]) | undefined;
	/** What the update server answers to GET /updates/NAME, byte by byte; undefined: the cloud itself. */
	readonly http?: (name: string) => Uint8Array | undefined;
}

/** Rows without an enrolment begin under the credential of the one before. */
export const enrols = ({ phase }: Row): boolean => phase === "tls" || phase === "dps";

/** Whether the row is over with the first Fault, the first renewed certificate, or an application in its place, and no call is made. */
export const endsByFault = ({ phase }: Row): boolean => ["renewal", "update", "archive"].includes(phase);

export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

/** PUBLISH; `id` 0: QoS 0. */
export const publish = (topic: string, payload: string | Uint8Array, id = 0): Uint8Array =>
	generate({
		cmd: "publish",
		topic,
		payload: Buffer.from(payload as string),
		qos: id === 0 ? 0 : 1,
		dup: false,
		retain: false,
		...(id === 0 ? {} : { messageId: id }),
	});

/** A PUBLISH with any fixed header and topic bytes. */
export function raw(first: number, topic: Uint8Array, rest: Uint8Array): Uint8Array {
	const body = Buffer.concat([Buffer.of(topic.length >> 8, topic.length & 255), topic, rest]);
	return Buffer.concat([Buffer.of(first), remaining(body.length), body]);
}

/** Remaining length (MQTT 3.1.1, 2.2.3). */
export function remaining(length: number): Buffer {
	const out: number[] = [];
	let left = length;
	do {
		out.push((left & 127) | (left > 127 ? 128 : 0));
		left >>>= 7;
	} while (left > 0);
	return Buffer.from(out);
}

/** Puts `payload` into the cloud's first answer under that topic. */
export function instead(prefix: string, payload: string | ((packet: IPublishPacket) => string)): Row["change"] {
	let done = false;
	return (packet) => {
		if (done || packet.cmd !== "publish" || !packet.topic.startsWith(prefix)) return undefined;
		done = true;
		return [publish(packet.topic, typeof payload === "string" ? payload : payload(packet), packet.messageId)];
	};
}

/** In place of the first packet of that kind. */
export function insteadOf(cmd: Packet["cmd"], ...others: readonly Uint8Array[]): Row["change"] {
	let done = false;
	return (packet) => {
		if (done || packet.cmd !== cmd) return undefined;
		done = true;
		return others;
	};
}

/** Behind the first packet of that kind. */
export function behind(cmd: Packet["cmd"], others: () => readonly Uint8Array[]): Row["change"] {
	let done = false;
	return (packet) => {
		if (done || packet.cmd !== cmd) return undefined;
		done = true;
		return [generate(packet), ...others()];
	};
}

/** Members, no name twice in all that is made of different `k`. */
export const members = (k: string | number, count: number, value = "1"): string =>
	times(count, (i) => `"q${k}w${i}":${value}`).join(",");

export const times = <T>(count: number, make: (i: number) => T): T[] =>
	Array.from({ length: count }, (_, i) => make(i));
