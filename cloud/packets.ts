/**
 * The packets in a client's bytes (MQTT 3.1.1 sections 2 and 3), whatever pieces they come in.
 *
 * A packet over the limit is refused by its fixed header, before anything of it is kept; of one that has not come whole at most twice what
 * has come is held. A PUBLISH, of which there are as many as of all others together, is read here; of the others mqtt-packet sees one
 * at a time, whole, and keeps nothing.
 */
import { generate, type IPublishPacket, type Packet, parser } from "mqtt-packet";

export class MalformedPacket extends RangeError {
	override readonly name = "MalformedPacket";
}

/** Of the header alone, nearly always. */
const LEAST_HELD_BYTES = 8;
const NOTHING: Buffer = Buffer.alloc(0);

export class Packets {
	readonly #most: number;
	/** What came last, and how far it has been read. */
	#bytes = NOTHING;
	#at = 0;
	/** The beginning of a packet that came before, so many bytes of it, and how many the packet has: 0 before that is known. */
	#held = NOTHING;
	#filled = 0;
	#length = 0;

	/** `most`: bytes of one packet, its fixed header included. */
	constructor(most: number) {
		this.#most = most;
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
		const whole = this.#filled > 0 ? this.#rest() : this.#whole();
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
		this.#hold(bytes.subarray(at));
		return undefined;
	}

	/** The packet that has begun before. */
	#rest(): Buffer | undefined {
		while (this.#length === 0 && this.#at < this.#bytes.length) {
			this.#hold(this.#bytes.subarray(this.#at, ++this.#at));
			this.#length = this.#lengthAt(this.#held.subarray(0, this.#filled), 0);
		}
		if (this.#length === 0) return undefined;
		const piece = this.#bytes.subarray(this.#at, this.#at + this.#length - this.#filled);
		this.#at += piece.length;
		this.#hold(piece);
		if (this.#filled < this.#length) return undefined;
		const whole = this.#held.subarray(0, this.#length);
		this.#held = NOTHING;
		this.#filled = this.#length = 0;
		return whole;
	}

	#hold(piece: Buffer): void {
		const filled = this.#filled + piece.length;
		if (filled > this.#held.length) {
			const larger = Buffer.allocUnsafe(Math.max(filled, 2 * this.#filled, LEAST_HELD_BYTES));
			this.#held.copy(larger, 0, 0, this.#filled);
			this.#held = larger;
		}
		piece.copy(this.#held, this.#filled);
		this.#filled = filled;
	}

	/** Of the packet that begins there, its fixed header included; 0: its header is not whole. */
	#lengthAt(bytes: Buffer, at: number): number {
		let length = 0;
		for (let i = 1; i <= 4; i++) {
			const byte = bytes[at + i];
			if (byte === undefined) return 0;
			length += (byte & 0x7f) << (7 * (i - 1));
			if (byte < 0x80) {
				if (1 + i + length > this.#most) throw new MalformedPacket("packet too large");
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
	return found;
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
	const packet = {
		cmd: "publish",
		topic: whole.toString("utf8", topicAt, topicEnd),
		payload: whole.subarray(payloadAt),
		qos,
		retain: (flags & 1) !== 0,
		dup: (flags & 8) !== 0,
	} as const;
	return qos === 0 ? packet : { ...packet, messageId: (whole[topicEnd]! << 8) | whole[topicEnd + 1]! };
}

/** Of a PUBACK (MQTT 3.1.1 section 3.4), which goes out as often as messages come in, four bytes, and not a stream that collects them. */
export const encode = (packet: Packet): Buffer =>
	packet.cmd === "puback" ? Buffer.of(0x40, 2, packet.messageId! >> 8, packet.messageId! & 0xff) : generate(packet);
