/** The fixed header of a packet that comes from a server (MQTT 3.1.1, 2.2), byte by byte; refused by its first byte. */
import { Fault } from "../fault.ts";

/** Of a packet beside the body: headers and the topic, in which a message has its properties. */
export const AROUND_BODY_BYTES = 1024;

/**
 * A service without max_fragment_length sends what it has to say in one record: certificates of 3 KB, at the least. Beside
 * records of 5 KB what else a hub may send no longer fits in 64 KB (test/sim/records.test.ts).
 */
const LEAST_BODY_BYTES = 3072;

/** The TLS record that must be held for messages of so many bytes. */
export const recordBytes = (maxMessageBytes: number): number =>
	Math.max(maxMessageBytes, LEAST_BODY_BYTES) + AROUND_BODY_BYTES;

export class FixedHeader {
	#bytes: number[] = [];

	/** Takes one byte; the length of what follows and the whole header, once they are known. */
	push(byte: number): readonly [length: number, header: readonly number[]] | undefined {
		const bytes = this.#bytes;
		bytes.push(byte);
		if (bytes.length === 1) checkFirstByte(byte);
		if (bytes.length === 1 || (byte & 0x80 && bytes.length < 5)) return undefined;
		if (byte & 0x80) throw broken("remaining length of more than four bytes");
		let length = 0;
		for (let i = bytes.length - 1; i > 0; i--) length = length * 128 + (bytes[i]! & 0x7f);
		this.#bytes = [];
		return [length, bytes];
	}
}

/** Type and flags (2.2.1, 2.2.2), and that a server may send it to us at all. */
function checkFirstByte(byte: number): void {
	if (byte >> 4 === 3) {
		const qos = (byte >> 1) & 3;
		if (qos > 1) throw broken(`PUBLISH with QoS ${qos}, 0 or 1 expected`);
		if (byte & 0x08 && qos === 0) throw broken("PUBLISH with DUP and QoS 0");
	} else if (byte !== 0x20 && byte !== 0x40 && byte !== 0x90 && byte !== 0xd0) {
		throw broken(`packet 0x${byte.toString(16)} is not for a client`);
	}
}

export const isPublish = (first: number): boolean => first >> 4 === 3;

export function broken(what: string): Fault {
	return new Fault("mqtt.protocol", what);
}
