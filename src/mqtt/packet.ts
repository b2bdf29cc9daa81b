/**
 * MQTT 3.1.1 packets (OASIS, sections 2 and 3) to bytes and back, for a client. The only importer of mqtt-packet, which writes them.
 *
 * The reader cuts the stream into packets, so that a packet is refused by its first bytes, before anything of it
 * is kept: packets that a server must never send a client that uses QoS 0 and 1 only (QoS 2 included), wrong flags, packets
 * over the limit. Of a PUBLISH over the limit the payload comes in parts (large.ts), and is kept nowhere. What is whole is read by
 * received.ts.
 */
// biome-ignore lint/style/useNodejsImportProtocol: mqtt-packet's own dependency, by the name it uses; an alias on the device
import { Buffer } from "buffer";
import { type Packet as LibraryPacket, writeToStream } from "mqtt-packet";
import { concat, utf8 } from "../base/bytes.ts";
import { Fault } from "../fault.ts";
import { AROUND_BODY_BYTES, broken, FixedHeader, isPublish } from "./header.ts";
import { LargePublish } from "./large.ts";
import { Pieces } from "./pieces.ts";
import { hasWildcard, type Publish, type QoS, received, type ServerPacket } from "./received.ts";

// In the module body, before the ROM freezes it: the cache would be 65,536 Buffers.
writeToStream.cacheNumbers = false;

export type { Publish, QoS, ServerPacket } from "./received.ts";

export interface Connect {
	readonly type: "connect";
	readonly clientId: string;
	readonly username?: string | undefined;
	readonly password?: string | Uint8Array | undefined;
	readonly clean: boolean;
	/** Silence in either direction after which we ping; 0: never. */
	readonly keepAliveSeconds: number;
}

export type ClientPacket =
	| Connect
	| Publish
	| { readonly type: "puback"; readonly id: number }
	| { readonly type: "subscribe"; readonly id: number; readonly filter: string; readonly qos: QoS }
	| { readonly type: "pingreq" }
	| { readonly type: "disconnect" };

/** Of what is no message: an answer has 5 bytes, where one filter was asked for. A thousand codes would fill a small device. */
const MOST_ANSWER_BYTES = 128;

/** Throws Fault mqtt.too-large (a field over 65,535 bytes) and mqtt.protocol (what MQTT forbids to send). */
export function encode(packet: ClientPacket): Uint8Array {
	try {
		const pieces = new Pieces();
		writeToStream(forLibrary(packet), pieces as never);
		return pieces.whole();
	} catch (thrown) {
		throw Fault.of(thrown, "mqtt.protocol");
	}
}

/** One per connection. After a Fault the stream has no meaning any more: close it. */
export class PacketReader {
	readonly #maxBytes: number;
	readonly #header = new FixedHeader();
	/** The body of a packet that has begun gets its room when more of it comes: it may wait behind a message that takes all there is. */
	#begun: { readonly first: number; readonly length: number; body: Uint8Array; filled: number } | undefined;
	#large: LargePublish | undefined;

	/** `maxBytes`: of one packet, its fixed header included. */
	constructor(maxBytes: number) {
		this.#maxBytes = maxBytes;
	}

	/** Bytes to the end of a message that comes in parts; 0: there is none. */
	get wanted(): number {
		return this.#large?.wanted ?? 0;
	}

	/** Every packet that is whole now (as views of `bytes`, where it lies there in one piece), then the Fault if what follows is refused. Iterate to the end. */
	*push(bytes: Uint8Array): Generator<ServerPacket, void> {
		for (let at = 0; at < bytes.length; ) {
			if (this.#large !== undefined) {
				at = yield* this.#large.read(bytes, at);
				if (this.#large.done) this.#large = undefined;
				continue;
			}
			let first: number;
			let body: Uint8Array;
			if (this.#begun === undefined) {
				const known = this.#header.push(bytes[at++]!);
				if (known === undefined) continue;
				const [length, header] = known;
				first = header[0]!;
				const total = header.length + length;
				const isMessage = isPublish(first);
				const most = isMessage ? this.#maxBytes : MOST_ANSWER_BYTES;
				if (total > most) {
					if (!isMessage) throw new Fault("mqtt.too-large", `packet of ${total} bytes, the limit is ${most}`);
					this.#large = new LargePublish(first, length);
					continue;
				}
				body = bytes.subarray(at, at + length);
				at += body.length;
				if (body.length < length) {
					this.#begun = { first, length, body: body.slice(), filled: body.length };
					continue;
				}
			} else {
				const begun = this.#begun;
				const { length, filled } = begun;
				if (begun.body.length < length) begun.body = concat(begun.body, new Uint8Array(length - filled));
				const piece = bytes.subarray(at, at + length - filled);
				begun.body.set(piece, filled);
				begun.filled += piece.length;
				at += piece.length;
				if (begun.filled < length) continue;
				this.#begun = undefined;
				({ first, body } = begun);
			}
			// Not by a generator of its own: XS keeps 900 bytes of each while what it has given is dealt with.
			if (isPublish(first) && this.#hasLongTopic(body)) yield* new LargePublish(first, body.length).read(body, 0);
			else yield received(first, body);
		}
	}

	/** While a topic is read there are up to eight copies of it: a message with a long one is dealt with as one that is too large. */
	#hasLongTopic(body: Uint8Array): boolean {
		const length = body.length < 2 ? 0 : (body[0]! << 8) | body[1]!;
		return length > Math.max(AROUND_BODY_BYTES, this.#maxBytes / 4) && length < body.length;
	}
}

function forLibrary(packet: ClientPacket): LibraryPacket {
	switch (packet.type) {
		case "connect":
			return {
				cmd: "connect",
				protocolId: "MQTT",
				protocolVersion: 4,
				clientId: field("client id", packet.clientId),
				clean: packet.clean,
				keepalive: packet.keepAliveSeconds,
				...(packet.username !== undefined && { username: field("user name", packet.username) }),
				...(packet.password !== undefined && { password: secret(packet.password) }),
			};
		case "publish": {
			const { topic: name, qos, id: messageId } = packet;
			// As bytes, which the library need not make thrice; its types know a string only.
			const topic = fieldBytes("topic", name) as unknown as string;
			if (name === "" || hasWildcard(name)) throw broken(`cannot publish to the topic name "${name}"`);
			return { cmd: "publish", topic, payload: view(packet.payload), qos, dup: false, retain: false, messageId };
		}
		case "puback":
			return { cmd: "puback", messageId: packet.id };
		case "subscribe":
			return {
				cmd: "subscribe",
				messageId: packet.id,
				subscriptions: [{ topic: field("topic filter", packet.filter), qos: packet.qos }],
			};
		default:
			return { cmd: packet.type };
	}
}

function field(name: string, text: string): string {
	fieldBytes(name, text);
	return text;
}

/** Length prefixes have two bytes (1.5.3); the library would cut the number silently. */
function fieldBytes(name: string, text: string): Buffer {
	const bytes = utf8(text);
	if (bytes.length > 0xffff) throw new Fault("mqtt.too-large", `${name} of ${bytes.length} bytes, at most 65535`);
	if (text.includes("\0")) throw broken(`${name} with a U+0000`);
	return view(bytes);
}

function secret(password: string | Uint8Array): Buffer {
	const bytes = typeof password === "string" ? utf8(password) : password;
	if (bytes.length > 0xffff) throw new Fault("mqtt.too-large", `password of ${bytes.length} bytes, at most 65535`);
	return view(bytes);
}

/** The same memory as the library's kind of array. */
function view(bytes: Uint8Array): Buffer {
	return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length);
}
