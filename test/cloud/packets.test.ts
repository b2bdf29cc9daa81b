/** A client's bytes in pieces of any size are the same packets, and what is held of one that is not whole is no more than came. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { generate, type Packet, parser } from "mqtt-packet";
import { Packets } from "../../cloud/packets.ts";
import { bytesInUse } from "./in-use.ts";

const MOST = 300 * 1024;
const publish = (topic: string, payload: string | Buffer, qos: 0 | 1 | 2 = 1, more = {}): Packet => ({
	cmd: "publish",
	topic,
	payload,
	qos,
	retain: false,
	dup: false,
	...(qos > 0 && { messageId: 0xabcd }),
	...more,
});
const SENT: readonly Packet[] = [
	{ cmd: "connect", protocolId: "MQTT", protocolVersion: 4, clientId: "d", clean: true, keepalive: 60, username: "u" },
	publish("t", ""),
	publish("", "a", 0),
	publish("tópico/€/😀", "x".repeat(300), 1, { dup: true, retain: true }),
	publish("q", Buffer.of(0, 255), 2),
	{ cmd: "pingreq" },
	publish("large", Buffer.alloc(130_000, 7), 0),
	{ cmd: "subscribe", messageId: 3, subscriptions: [{ topic: "a", qos: 1 }] },
	{ cmd: "puback", messageId: 9 },
	{ cmd: "disconnect" },
];
const BYTES = Buffer.concat(SENT.map((packet) => generate(packet)));

function read(pieces: Iterable<Uint8Array>, packets = new Packets(MOST)): Packet[] {
	const found: Packet[] = [];
	for (const piece of pieces) {
		packets.add(piece);
		for (let packet = packets.next(); packet !== undefined; packet = packets.next()) {
			if (packet.cmd === "publish") packet.payload = Buffer.from(packet.payload as Buffer);
			found.push(packet);
		}
	}
	return found;
}

function* cut(bytes: Uint8Array, size: number): Generator<Uint8Array> {
	// A copy, overwritten as soon as it is read: what is held must not lie in it.
	for (let at = 0; at < bytes.length; at += size) {
		const piece = Uint8Array.from(bytes.subarray(at, at + size));
		yield piece;
		piece.fill(0xee);
	}
}

/** What counts of a packet. */
const plain = (packet: Packet): object => {
	const { cmd, messageId } = packet;
	if (packet.cmd !== "publish") return { cmd, messageId };
	const { topic, payload, qos, retain, dup } = packet;
	return { cmd, messageId, topic, payload: Buffer.from(payload as Buffer).toString("hex"), qos, retain, dup };
};

test("they are what mqtt-packet makes of all of them at once, in pieces of any size", () => {
	const expected: object[] = [];
	parser({ protocolVersion: 4 })
		.on("packet", (packet) => expected.push(plain(packet)))
		.parse(BYTES);
	assert.equal(expected.length, SENT.length);
	for (const size of [1, 2, 3, 4, 5, 7, 64, 1460, 16_384, BYTES.length])
		assert.deepEqual(read(cut(BYTES, size)).map(plain), expected, `in pieces of ${size}`);
});

test("of 300 KB that come byte by byte no more than their bytes is held", () => {
	const packets = new Packets(MOST);
	const large = generate(publish("t", Buffer.alloc(MOST - 8, 1), 0));
	const before = bytesInUse();
	for (const byte of large.subarray(0, -1)) {
		// In memory of its own, as a TLS record's content is.
		packets.add(Uint8Array.of(byte));
		assert.equal(packets.next(), undefined);
	}
	const held = bytesInUse() - before;
	packets.add(large.subarray(-1));
	assert.equal(packets.next()?.cmd, "publish");
	assert.ok(held < 1.3 * MOST, `${held} bytes`);
});

test("a packet may have as many bytes as are allowed, its header included", () => {
	const large = generate(publish("t", Buffer.alloc(100), 0));
	assert.equal(read([large], new Packets(large.length)).length, 1);
	for (const size of [2, 99])
		assert.throws(() => read(cut(large, size), new Packets(large.length - 1)), { name: "MalformedPacket" });
});

test("what section 3.3 forbids, and a length that never ends", () => {
	for (const bytes of [
		[0x30, 0],
		[0x30, 1, 0],
		[0x30, 3, 0, 2, 97],
		[0x32, 4, 0, 1, 97, 0],
		[0x36, 5, 0, 1, 97, 0, 1],
		[0x30, 0x80, 0x80, 0x80, 0x80],
		[0x82, 5, 0, 1, 0, 9, 65],
		[0xf0, 0],
	])
		for (const size of [1, 99])
			assert.throws(() => read(cut(Uint8Array.from(bytes), size)), { name: "MalformedPacket" });
});
