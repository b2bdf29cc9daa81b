/**
 * Whole packets from a server (MQTT 3.1.1, section 3), read where they lie: five kinds of a few bytes, and PUBLISH. header.ts has
 * looked at the first byte. Refused with Fault mqtt.protocol: short bodies, bytes left over, packet id 0, reserved codes, a refusal that says
 * that there is a session, topic names that are no UTF-8, are empty, or have wildcards or U+0000.
 */
import { utf8Text } from "../base/bytes.ts";
import { broken, isPublish } from "./header.ts";
import type { LargePacket } from "./large.ts";

export type QoS = 0 | 1;

export interface Publish {
	readonly type: "publish";
	readonly topic: string;
	readonly payload: Uint8Array;
	readonly qos: QoS;
	/** 1 to 65535 with QoS 1, 0 with QoS 0. */
	readonly id: number;
}

export type ServerPacket =
	| { readonly type: "connack"; readonly sessionPresent: boolean; readonly returnCode: number }
	| Publish
	| { readonly type: "puback"; readonly id: number }
	/** One code per filter asked for: 0, 1, 2 or 0x80 (refused). */
	| { readonly type: "suback"; readonly id: number; readonly granted: readonly number[] }
	| { readonly type: "pingresp" }
	| LargePacket;

/** Kinds of packets. */
const CONNACK = 2;
const PUBACK = 4;
const SUBACK = 9;
const MOST_QOS = 2;
const REFUSED = 0x80;

/** Of a topic name. No pattern: XS would compile it for each message. */
export const hasWildcard = (topic: string): boolean => topic.includes("#") || topic.includes("+");

/** `first`: its first byte; `body`: what follows the fixed header. A message's payload is a view of it. */
export function received(first: number, body: Uint8Array): ServerPacket {
	if (isPublish(first)) return message(((first >> 1) & 1) as QoS, body);
	const { length } = body;
	switch (first >> 4) {
		case CONNACK:
			// 3.2.2.2: who is refused has no session.
			if (length === 2 && (body[0] === 0 || (body[0] === 1 && body[1] === 0)))
				return { type: "connack", sessionPresent: body[0] === 1, returnCode: body[1]! };
			break;
		case PUBACK:
			if (length === 2) return { type: "puback", id: packetId(body, 0) };
			break;
		case SUBACK: {
			const granted = Array.from(body.subarray(2));
			if (granted.length > 0 && granted.every((code) => code <= MOST_QOS || code === REFUSED))
				return { type: "suback", id: packetId(body, 0), granted };
			break;
		}
		default:
			if (length === 0) return { type: "pingresp" };
	}
	throw broken(`packet 0x${first.toString(16)} with an impossible body of ${length} bytes`);
}

function message(qos: QoS, body: Uint8Array): Publish {
	const end = body.length < 2 ? Number.POSITIVE_INFINITY : 2 + number(body, 0);
	const from = end + 2 * qos;
	const topic = from > body.length ? "" : topicOf(body.subarray(2, end));
	if (topic === "" || hasWildcard(topic) || topic.includes("\0")) throw broken("PUBLISH to a forbidden topic name");
	return { type: "publish", topic, payload: body.subarray(from), qos, id: qos === 0 ? 0 : packetId(body, end) };
}

function topicOf(bytes: Uint8Array): string {
	try {
		return utf8Text(bytes);
	} catch {
		return "";
	}
}

function packetId(bytes: Uint8Array, at: number): number {
	const id = number(bytes, at);
	if (id === 0) throw broken("a packet without a packet id");
	return id;
}

const number = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;
