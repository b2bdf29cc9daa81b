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
import { Input } from "./input.ts";
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
	/** That one's bytes, where it came whole. */
	#long: Input | undefined;
	readonly #input = new Input();

	/** `maxBytes`: of one packet, its fixed header included. */
	constructor(maxBytes: number) {
		this.#maxBytes = maxBytes;
	}

	/** Bytes to the end of a message that comes in parts; 0: there is none. */
	get wanted(): number {
		return this.#large?.wanted ?? 0;
	}

	/** What has come. Of what came before nothing is left: `next` has given undefined. */
	push(bytes: Uint8Array): void {
		this.#input.put(bytes);
	}

	/**
	 * The next packet that is whole (as a view of the bytes that were pushed, where it lies there in one piece), or part of a large one;
	 * undefined: more must come. Throws the Fault if what follows is refused. No generator: XS keeps 900 bytes of one, and 800 of another
	 * within it, while somebody deals with what it has given.
	 */
	next(): ServerPacket | undefined {
		while (this.#large !== undefined || !this.#input.isEmpty) {
			if (this.#large !== undefined) {
				const part = this.#large.next(this.#long ?? this.#input);
				if (part?.type === "end") this.#large = this.#long = undefined;
				return part;
			}
			const [first, body] = this.#whole() ?? [];
			if (first === undefined || body === undefined) continue;
			if (!isPublish(first) || !this.#hasLongTopic(body)) return received(first, body);
			this.#large = new LargePublish(first, body.length);
			this.#long = new Input();
			this.#long.put(body);
		}
		return undefined;
	}

	/** What the next byte, or the rest of a packet that has begun, makes whole: first byte and body. */
	#whole(): readonly [first: number, body: Uint8Array] | undefined {
		const begun = this.#begun;
		if (begun !== undefined) {
			const { first, length, filled } = begun;
			if (begun.body.length < length) begun.body = concat(begun.body, new Uint8Array(length - filled));
			const piece = this.#input.take(length - filled);
			begun.body.set(piece, filled);
			begun.filled += piece.length;
			if (begun.filled < length) return undefined;
			this.#begun = undefined;
			return [first, begun.body];
		}
		const known = this.#header.push(this.#input.byte());
		if (known === undefined) return undefined;
		const [length, header] = known;
		const first = header[0]!;
		const total = header.length + length;
		const isMessage = isPublish(first);
		const most = isMessage ? this.#maxBytes : MOST_ANSWER_BYTES;
		if (total > most) {
			if (!isMessage) throw new Fault("mqtt.too-large", `packet of ${total} bytes, the limit is ${most}`);
			this.#large = new LargePublish(first, length);
			return undefined;
		}
		const body = this.#input.take(length);
		if (body.length === length) return [first, body];
		this.#begun = { first, length, body: body.slice(), filled: body.length };
		return undefined;
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
