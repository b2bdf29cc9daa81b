/**
 * MQTT 3.1.1 packets (OASIS, sections 2 and 3) to bytes and back, for a client. The only importer of mqtt-packet.
 *
 * The reader cuts the stream into packets itself, so that a packet is refused by its first bytes, before anything of it
 * is kept: packets that a server must never send a client that uses QoS 0 and 1 only (QoS 2 included), wrong flags, packets
 * over the limit. Of a PUBLISH over the limit the payload comes in parts (large.ts), and is kept nowhere. mqtt-packet then sees one whole packet at a time. What it lets pass and section 3 forbids
 * (short bodies, packet id 0, bytes left over, wildcards in a topic name) is refused here.
 */
// biome-ignore lint/style/useNodejsImportProtocol: mqtt-packet's own dependency, by the name it uses; an alias on the device
import { Buffer } from "buffer";
import { type Packet as LibraryPacket, type Parser, parser, writeToStream } from "mqtt-packet";
import { utf8 } from "../base/bytes.ts";
import { Fault } from "../fault.ts";
import { broken, FixedHeader, isPublish } from "./header.ts";
import { type LargePacket, LargePublish } from "./large.ts";
import { Pieces } from "./pieces.ts";

// In the module body, before the ROM freezes it: the cache would be 65,536 Buffers.
writeToStream.cacheNumbers = false;

export type QoS = 0 | 1;

export interface Publish {
	readonly type: "publish";
	readonly topic: string;
	readonly payload: Uint8Array;
	readonly qos: QoS;
	/** 1 to 65535 with QoS 1, 0 with QoS 0. */
	readonly id: number;
}

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

export type ServerPacket =
	| { readonly type: "connack"; readonly sessionPresent: boolean; readonly returnCode: number }
	| Publish
	| { readonly type: "puback"; readonly id: number }
	/** One code per filter asked for: 0, 1, 2 or 0x80 (refused). */
	| { readonly type: "suback"; readonly id: number; readonly granted: readonly number[] }
	| { readonly type: "pingresp" }
	| LargePacket;

/** Of what is no message: an answer has 5 bytes, where one filter was asked for. A thousand codes would fill a small device. */
const MOST_ANSWER_BYTES = 128;

/** Of a topic name. No pattern: XS would compile it for each message. */
const hasWildcard = (topic: string): boolean => topic.includes("#") || topic.includes("+");

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
	readonly #parser: Parser;
	/** What the parser made of the last packet, or what it had to say against it. */
	#parsed: LibraryPacket | Error | undefined;
	readonly #header = new FixedHeader();
	#frame: { readonly bytes: Uint8Array; filled: number } | undefined;
	#large: LargePublish | undefined;

	/** `maxBytes`: of one packet, its fixed header included. */
	constructor(maxBytes: number) {
		this.#maxBytes = maxBytes;
		this.#parser = parser({ protocolVersion: 4 })
			.on("packet", (packet) => {
				this.#parsed = packet;
			})
			.on("error", (error) => {
				this.#parsed = error;
			});
	}

	/** Every packet that is whole now (as views of `bytes`, where it lies there in one piece), then the Fault if what follows is refused. Iterate to the end. */
	*push(bytes: Uint8Array): Generator<ServerPacket, void> {
		for (let at = 0; at < bytes.length; ) {
			if (this.#large !== undefined) {
				at = yield* this.#large.read(bytes, at);
				if (this.#large.done) this.#large = undefined;
				continue;
			}
			if (this.#frame === undefined) {
				const known = this.#header.push(bytes[at++]!);
				if (known === undefined) continue;
				const [length, header] = known;
				const total = header.length + length;
				const isMessage = isPublish(header[0]!);
				const most = isMessage ? this.#maxBytes : MOST_ANSWER_BYTES;
				if (total > most) {
					if (!isMessage) throw new Fault("mqtt.too-large", `packet of ${total} bytes, the limit is ${most}`);
					this.#large = new LargePublish(header[0]!, length);
					continue;
				}
				const start = at - header.length;
				if (start >= 0 && start + total <= bytes.length) {
					at = start + total;
					yield this.#parse(view(bytes, start, total));
					continue;
				}
				this.#frame = { bytes: new Uint8Array(total), filled: header.length };
				this.#frame.bytes.set(header);
			}
			const piece = bytes.subarray(at, at + this.#frame.bytes.length - this.#frame.filled);
			this.#frame.bytes.set(piece, this.#frame.filled);
			this.#frame.filled += piece.length;
			at += piece.length;
			if (this.#frame.filled < this.#frame.bytes.length) continue;
			const whole = this.#frame.bytes;
			this.#frame = undefined;
			yield this.#parse(view(whole));
		}
	}

	#parse(frame: Buffer): ServerPacket {
		try {
			this.#parser.parse(frame);
		} catch (thrown) {
			throw Fault.of(thrown, "mqtt.protocol");
		}
		const parsed = this.#parsed as LibraryPacket | Error | undefined;
		this.#parsed = undefined;
		if (parsed === undefined || parsed instanceof Error) throw broken(parsed?.message ?? "unreadable packet");
		return fromLibrary(parsed);
	}
}

function fromLibrary(packet: LibraryPacket): ServerPacket {
	switch (packet.cmd) {
		case "connack":
			expectLength(packet, 2);
			return { type: "connack", sessionPresent: packet.sessionPresent, returnCode: packet.returnCode! };
		case "publish": {
			// U+FFFD is what a decoder puts for ill-formed UTF-8 (MQTT-1.5.3-1).
			const { topic } = packet;
			if (topic === "" || hasWildcard(topic) || topic.includes("\0") || topic.includes("\uFFFD"))
				throw broken("PUBLISH to a forbidden topic name");
			const payload = plain(packet.payload as Buffer);
			if (packet.qos === 0) return { type: "publish", topic, payload, qos: 0, id: 0 };
			return { type: "publish", topic, payload, qos: 1, id: packetId(packet) };
		}
		case "puback":
			expectLength(packet, 2);
			return { type: "puback", id: packetId(packet) };
		case "suback":
			if (packet.granted.length === 0) throw broken("SUBACK without a return code");
			return { type: "suback", id: packetId(packet), granted: packet.granted as number[] };
		case "pingresp":
			expectLength(packet, 0);
			return { type: "pingresp" };
		default:
			throw broken(`${packet.cmd} is not for a client`);
	}
}

function expectLength(packet: LibraryPacket, bytes: number): void {
	if (packet.length !== bytes) throw broken(`${packet.cmd} of ${packet.length} bytes, ${bytes} expected`);
}

function packetId(packet: LibraryPacket): number {
	const id = packet.messageId;
	// The library says -1 where the body is too short.
	if (id === undefined || id < 1 || id > 0xffff) throw broken(`${packet.cmd} without a packet id`);
	return id;
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

/** The same memory as the library's kind of array, and back. */
function view(bytes: Uint8Array, from = 0, length = bytes.length): Buffer {
	return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset + from, length);
}

function plain(buffer: Buffer): Uint8Array {
	return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
