/**
 * The packets in a client's bytes (MQTT 3.1.1 sections 2 and 3), whatever pieces they come in.
 *
 * A packet over the limit is refused by its fixed header, before anything of it is kept; of one that has not come whole at most twice what
 * has come is held, and no more than it has. A PUBLISH, of which there are as many as of all others together, is read here; of the others mqtt-packet sees one
 * at a time, whole, and keeps nothing.
 */
import { generate, type IConnectPacket, type IPublishPacket, type Packet, parser } from "mqtt-packet";
import { Gathered } from "./gathered.ts";
import type { Publication } from "./session.ts";

export class MalformedPacket extends RangeError {
	override readonly name = "MalformedPacket";
}

/** Its length stands in two bytes (MQTT 3.1.1, 1.5.3). */
export const MOST_TOPIC_BYTES = 0xffff;

/** In one SUBSCRIBE, each of which is looked at, answered and told about, or in one UNSUBSCRIBE. */
const MOST_FILTERS = 100;

const NOTHING: Buffer = Buffer.alloc(0);

export class Packets {
	/** Bytes of one packet, its fixed header included. */
	most: number;
	/** What came last, and how far it has been read. */
	#bytes = NOTHING;
	#at = 0;
	/** The beginning of a packet that came before, and how many bytes the packet has: 0 before that is known. */
	#held: Gathered | undefined;
	#length = 0;

	constructor(most: number) {
		this.most = most;
	}

	/** Before these, all there were have been taken. */
	add(bytes: Uint8Array): void {
		this.#bytes = Buffer.isBuffer(bytes)
			? bytes
			: Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length);
		this.#at = 0;
	}

	/** Undefined: no more is whole. A payload may be a view of what was added. Throws MalformedPacket; the rest has no meaning then. */
	next(): Packet | undefined {
		const whole = this.#held === undefined ? this.#whole() : this.#rest(this.#held);
		if (whole !== undefined) return read(whole);
		this.#bytes = NOTHING;
		return undefined;
	}

	/** A packet that lies whole in what was added; what is left of it is held. */
	#whole(): Buffer | undefined {
		const [bytes, at] = [this.#bytes, this.#at];
		if (at >= bytes.length) return undefined;
		const length = this.#lengthAt(bytes, at);
		if (length > 0 && at + length <= bytes.length) {
			this.#at = at + length;
			return bytes.subarray(at, at + length);
		}
		this.#length = length;
		this.#held = new Gathered();
		if (length > 0) this.#held.most = length;
		this.#held.add(bytes.subarray(at));
		return undefined;
	}

	/** The packet that has begun before. */
	#rest(held: Gathered): Buffer | undefined {
		while (this.#length === 0 && this.#at < this.#bytes.length) {
			held.add(this.#bytes.subarray(this.#at, ++this.#at));
			this.#length = this.#lengthAt(held.bytes, 0);
		}
		if (this.#length === 0) return undefined;
		held.most = this.#length;
		const piece = this.#bytes.subarray(this.#at, this.#at + this.#length - held.length);
		this.#at += piece.length;
		held.add(piece);
		if (held.length < this.#length) return undefined;
		this.#held = undefined;
		return held.bytes;
	}

	/** Of the packet that begins there, its fixed header included; 0: its header is not whole. */
	#lengthAt(bytes: Buffer, at: number): number {
		let length = 0;
		for (let i = 1; i <= 4; i++) {
			const byte = bytes[at + i];
			if (byte === undefined) return 0;
			length += (byte & 0x7f) << (7 * (i - 1));
			if (byte < 0x80) {
				if (1 + i + length > this.most) throw new MalformedPacket("packet too large");
				return 1 + i + length;
			}
		}
		throw new MalformedPacket("malformed MQTT: a length of more than four bytes");
	}
}

function read(whole: Buffer): Packet {
	if (whole[0]! >> 4 === PUBLISH) return readPublish(whole);
	let found: Packet | Error | undefined;
	parser({ protocolVersion: 4 })
		.on("packet", (packet) => {
			found = packet;
		})
		.on("error", (error) => {
			found = error;
		})
		.parse(whole);
	if (found instanceof Error) throw new MalformedPacket(`malformed MQTT: ${found.message}`);
	if (found === undefined) throw new MalformedPacket("malformed MQTT: a packet without its content");
	const filters =
		found.cmd === "subscribe" ? found.subscriptions : found.cmd === "unsubscribe" ? found.unsubscriptions : [];
	if (filters.length > MOST_FILTERS) throw new MalformedPacket(`${found.cmd.toUpperCase()} with too many filters`);
	return found;
}

/** What is to be published for a client that goes without DISCONNECT. */
export function willOf({ will }: IConnectPacket): Publication | undefined {
	if (will === undefined) return undefined;
	const { topic, payload, qos = 0, retain = false } = will;
	return { topic, payload: Buffer.from(payload), qos, retain };
}

const PUBLISH = 3;

/** Section 3.3. */
function readPublish(whole: Buffer): IPublishPacket {
	const flags = whole[0]!;
	const qos = ((flags >> 1) & 3) as 0 | 1 | 2 | 3;
	if (qos === 3) throw new MalformedPacket("malformed MQTT: QoS 3");
	let at = 1;
	while (whole[at++]! >= 0x80);
	const topicAt = at + 2;
	const topicEnd = topicAt + ((whole[at]! << 8) | whole[at + 1]!);
	const payloadAt = topicEnd + (qos === 0 ? 0 : 2);
	if (payloadAt > whole.length) throw new MalformedPacket("malformed MQTT: a PUBLISH that is too short");
	const packet: IPublishPacket = {
		cmd: "publish",
		topic: whole.toString("utf8", topicAt, topicEnd),
		payload: whole.subarray(payloadAt),
		qos,
		retain: (flags & 1) !== 0,
		dup: (flags & 8) !== 0,
	};
	if (qos > 0) packet.messageId = (whole[topicEnd]! << 8) | whole[topicEnd + 1]!;
	return packet;
}

/**
 * Of a PUBACK (MQTT 3.1.1 section 3.4), which goes out as often as messages come in, four bytes, and not a stream that collects them.
 * Throws MalformedPacket on a topic that is too long, by a request id that a client has made up.
 */
export function encode(packet: Packet): Buffer {
	if (packet.cmd === "puback") return Buffer.of(0x40, 2, packet.messageId! >> 8, packet.messageId! & 0xff);
	if (packet.cmd === "publish" && Buffer.byteLength(packet.topic) > MOST_TOPIC_BYTES)
		throw new MalformedPacket(`a topic of more than ${MOST_TOPIC_BYTES} bytes`);
	return generate(packet);
}
