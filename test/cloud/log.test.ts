/** The cloud's log of packets: what they hold, and none of their secrets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Packet } from "mqtt-packet";
import { Listeners } from "../../cloud/listeners.ts";
import { Log } from "../../cloud/log.ts";
import { FakeClock } from "../support/clock.ts";

const SECRET = "c2VjcmV0LXNpZ25hdHVyZQ%3D%3D";

function logged(packet: object): string {
	const log = new Log(new FakeClock(), new Listeners());
	log.trace(1, "dev-001", "in", packet as Packet);
	return JSON.stringify(log.entries);
}

test("of a SAS token's password all but the signature; of another password nothing", () => {
	const connect = { cmd: "connect", clientId: "dev-001", username: "u", clean: true, keepalive: 60 };
	const token = `SharedAccessSignature sr=hub%2Fdevices&sig=${SECRET}&se=1790000000&skn=policy`;
	const text = logged({ ...connect, password: Buffer.from(token) });
	assert.match(text, /sr=hub%2Fdevices&se=1790000000&skn=policy&sig=/);
	assert.ok(!text.includes(SECRET));
	assert.ok(!logged({ ...connect, password: Buffer.from(SECRET) }).includes(SECRET));
});

test("no signature in a topic or a payload, wherever it stands, and no private key", () => {
	const publish = { cmd: "publish", topic: "t", payload: Buffer.alloc(0), qos: 1 };
	for (const field of [
		`sig=${SECRET}`,
		`sr=x&sig=${SECRET}&se=1`,
		`?SIG=${SECRET}`,
		`{"token":"sr=a&sig=${SECRET}"}`,
	]) {
		assert.ok(!logged({ ...publish, topic: `devices/${field}` }).includes(SECRET), field);
		assert.ok(!logged({ ...publish, payload: Buffer.from(field) }).includes(SECRET), field);
	}
	assert.match(logged({ ...publish, topic: "a?sr=x&sig=y&se=1" }), /sr=x&sig=•••&se=1/);
	const pem = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n";
	for (const payload of [pem, `${pem}-----END PRIVATE KEY-----`])
		assert.ok(!logged({ ...publish, payload: Buffer.from(payload) }).includes("c2VjcmV0"));
});

test("of what is long 2,000 characters are kept, of a filter as of a payload", () => {
	const many = Array.from({ length: 20_000 }, (_, i) => `f${i}`);
	for (const packet of [
		{ cmd: "connect", clientId: "dev-001", username: "u".repeat(60_000), clean: true, keepalive: 60 },
		{ cmd: "subscribe", messageId: 1, subscriptions: many.map((topic) => ({ topic, qos: 0 })) },
		{ cmd: "suback", messageId: 1, granted: many.map(() => 128) },
		{ cmd: "unsubscribe", messageId: 1, unsubscriptions: many },
		{ cmd: "publish", topic: "t".repeat(60_000), payload: Buffer.alloc(0), qos: 0 },
		{ cmd: "publish", topic: "t", payload: Buffer.alloc(60_000, 97), qos: 0 },
	])
		assert.match(logged(packet), /^.{2000,2200}… \d+ more"\}?.{0,30}\]$/s, packet.cmd);
});
