/**
 * Cloud-to-device messages: topic and payload in, a message out. No I/O.
 *
 * MQTT has one answer, the PUBACK, which tells the hub that the message is complete; the session sends it after
 * the message was delivered. Refused: more than the service's 64 KB of body and properties, or than the device's intake.
 */
import { utf8 } from "../base/bytes.ts";
import { Fault, printable } from "../fault.ts";
import {
	CONTENT_ENCODING,
	CONTENT_TYPE,
	CORRELATION_ID,
	MESSAGE_ID,
	messagesPrefix,
	type Properties,
	parseProperties,
} from "./hub-topics.ts";
import type { Intake } from "./intake.ts";
import { checkSize, MOST_MESSAGE_BYTES } from "./limits.ts";

export interface CloudMessage {
	readonly body: Uint8Array;
	readonly messageId: string | undefined;
	readonly correlationId: string | undefined;
	readonly contentType: string | undefined;
	readonly contentEncoding: string | undefined;
	/** Which feedback the sender asked the hub for: `none`, `positive`, `negative`, `full`. */
	readonly ack: string | undefined;
	/** The sender's own, and those of the hub that have no field here. */
	readonly properties: Properties;
}

const ACK = "iothub-ack";

/** Undefined: no cloud-to-device message. Throws Fault hub.too-large, hub.response. */
export function parseMessage(
	deviceId: string,
	topic: string,
	body: Uint8Array,
	intake: Intake,
): CloudMessage | undefined {
	const prefix = messagesPrefix(deviceId);
	if (!topic.startsWith(prefix)) return undefined;
	// The hub's documents have a question mark before them, the hub none; one that is a name's own comes percent-encoded.
	const from = prefix.length + (topic[prefix.length] === "?" ? 1 : 0);
	const found = parseProperties(topic.slice(from));
	let bytes = body.length;
	for (const [name, value] of found) bytes += utf8(name).length + utf8(value).length;
	checkSize("cloud-to-device message", bytes, Math.min(intake.bytes, MOST_MESSAGE_BYTES));
	const take = (name: string): string | undefined => {
		const value = found.get(name);
		found.delete(name);
		return value;
	};
	return {
		body,
		messageId: take(MESSAGE_ID),
		correlationId: take(CORRELATION_ID),
		contentType: take(CONTENT_TYPE),
		contentEncoding: take(CONTENT_ENCODING),
		ack: take(ACK),
		properties: members(found, intake),
	};
}

/** Throws Fault hub.too-large when the engine has no room for one more name. */
function members(found: ReadonlyMap<string, string>, intake: Intake): Properties {
	for (const name of found.keys())
		if (!intake.admits(name)) throw new Fault("hub.too-large", `property ${printable(name)}: one name too many`);
	return Object.fromEntries(found);
}
