/**
 * A PUBLISH that is too large to be held (MQTT 3.1.1, 3.3): its head is read, its payload handed on piece by piece as it comes.
 *
 * Refused: what section 3 forbids of any PUBLISH. Of a topic beyond the limit only the beginning is kept, and so only its bytes are looked at.
 */
import { utf8Text } from "../base/bytes.ts";
import { AROUND_BODY_BYTES, broken } from "./header.ts";
import type { Input } from "./input.ts";

export type LargePacket =
	/** A PUBLISH over the limit; its payload follows in parts, then `end`. `bytes`: all but the fixed header. */
	| { readonly type: "large"; readonly topic: string; readonly bytes: number; readonly qos: 0 | 1; readonly id: number }
	| { readonly type: "part"; readonly payload: Uint8Array }
	| { readonly type: "end" };

const FORBIDDEN_TOPIC = "PUBLISH to a forbidden topic name";
/** U+0000, # and +. */
const FORBIDDEN_BYTES: readonly number[] = [0, 0x23, 0x2b];

export class LargePublish {
	readonly #bytes: number;
	readonly #qos: 0 | 1;
	/** Of the remaining length, not read yet. */
	#left: number;
	#reads: "length" | "topic" | "id" | "payload" = "length";
	/** Bytes of a two-byte number that have come, and the number so far. */
	#count = 0;
	#number = 0;
	#topic = new Uint8Array(0);
	#topicLength = 0;
	#filled = 0;

	/** `length`: the remaining length. */
	constructor(first: number, length: number) {
		this.#bytes = length;
		this.#left = length;
		this.#qos = ((first >> 1) & 1) as 0 | 1;
	}

	/** Bytes that the payload still has to come; 0 before it begins. */
	get wanted(): number {
		return this.#reads === "payload" ? this.#left : 0;
	}

	/** What comes next of the packet; undefined: not before there is more of it. Nothing comes behind `end`. */
	next(input: Input): LargePacket | undefined {
		while (this.#left > 0 || this.#reads !== "payload") {
			if (input.isEmpty) return undefined;
			if (this.#reads === "payload") return { type: "part", payload: this.#take(input, this.#left) };
			if (this.#reads === "topic") {
				const piece = this.#take(input, this.#topicLength - this.#filled);
				// In UTF-8 such a byte is no part of another character.
				if (FORBIDDEN_BYTES.some((byte) => piece.includes(byte))) throw broken(FORBIDDEN_TOPIC);
				if (this.#filled < this.#topic.length)
					this.#topic.set(piece.subarray(0, this.#topic.length - this.#filled), this.#filled);
				this.#filled += piece.length;
				if (this.#filled < this.#topicLength) continue;
				this.#reads = this.#qos === 0 ? "payload" : "id";
				if (this.#qos === 0) return this.#head(0);
			} else {
				const number = this.#take2(input.byte());
				if (number === undefined) continue;
				if (this.#reads === "length") this.#beginTopic(number);
				else {
					if (number === 0) throw broken("publish without a packet id");
					this.#reads = "payload";
					return this.#head(number);
				}
			}
		}
		return { type: "end" };
	}

	#beginTopic(length: number): void {
		if (length === 0 || length + 2 * this.#qos > this.#left) throw broken(FORBIDDEN_TOPIC);
		this.#topicLength = length;
		this.#topic = new Uint8Array(Math.min(length, AROUND_BODY_BYTES));
		this.#reads = "topic";
	}

	#head(id: number): LargePacket {
		let topic: string;
		try {
			topic = utf8Text(this.#topic);
		} catch {
			if (this.#topicLength <= AROUND_BODY_BYTES) throw broken(FORBIDDEN_TOPIC);
			// Cut within a character, for instance: nobody's topic.
			topic = "?";
		}
		return { type: "large", topic, bytes: this.#bytes, qos: this.#qos, id };
	}

	#take(input: Input, most: number): Uint8Array {
		const taken = input.take(most);
		this.#left -= taken.length;
		return taken;
	}

	/** A number of two bytes, once both have come. */
	#take2(byte: number): number | undefined {
		this.#left--;
		this.#number = (this.#number << 8) | byte;
		if (++this.#count < 2) return undefined;
		const number = this.#number;
		this.#count = this.#number = 0;
		return number;
	}
}
