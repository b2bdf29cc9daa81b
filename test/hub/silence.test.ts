/** A broker that knows nothing of IoT Hub's topics, for a day of virtual time: telemetry arrives, whatever it does to the rest. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HubFeatures } from "../../src/hub/features.ts";
import { openHub } from "../../src/hub/hub-session.ts";
import { TelemetryQueue } from "../../src/hub/queue.ts";
import { Broker, type Intercept } from "../support/broker.ts";
import { FakeClock } from "../support/clock.ts";
import { FakeWire } from "../support/wire.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** An application that uses everything, and comes back 2 s after each end. */
async function live(intercept: Intercept) {
	const clock = new FakeClock();
	const broker = new Broker();
	broker.intercept = intercept;
	const wire = new FakeWire({ clock, serve: broker.serve });
	const queue = new TelemetryQueue({ messages: 10, bytes: 10_000 });
	const features = new HubFeatures({
		clock,
		log() {},
		random: () => 0,
		maxMessageBytes: 4096,
		onDesired() {},
		onMessage() {},
		methods: { m() {} },
	});
	const outcomes = { acknowledged: 0, lost: 0 };
	const open = (): void => {
		const session = openHub(
			{
				wire,
				clock,
				log() {},
				hub: { host: "hub", port: 8883 },
				deviceId: "dev-001",
				identity: { chain: [], pkcs8: new Uint8Array(0) },
				anchors: [],
				maxMessageBytes: 4096,
			},
			{
				onOpen() {
					features.attach(session);
					queue.attach(session);
				},
				onMessage: (topic, payload) => void features.message(topic, payload),
				onClose() {
					queue.attach(undefined);
					features.detach();
					clock.after(2000, open);
				},
			},
		);
	};
	const measure = (): void => {
		queue.push({ at: clock.ticks() }, {}, (fault) => outcomes[fault ? "lost" : "acknowledged"]++);
		clock.after(MINUTE, measure);
	};
	open();
	measure();
	await clock.advance(DAY - 1);
	const gets = broker.log.filter((line) => line.startsWith("publish $iothub/twin/GET")).length;
	return { ...outcomes, connections: wire.connections, gets };
}

describe("telemetry with a broker that", () => {
	test("never acknowledges a subscription: nothing is lost, ten connections a day", async () => {
		const { acknowledged, lost, connections } = await live((packet) => packet.cmd === "subscribe");
		assert.deepEqual([acknowledged, lost], [24 * 60, 0]);
		assert.equal(connections, 10);
	});

	test("hangs up on a subscription: nothing is lost, ten connections a day", async () => {
		const { acknowledged, lost, connections } = await live((packet, _, peer) => {
			if (packet.cmd === "subscribe") peer.close();
			return packet.cmd === "subscribe";
		});
		assert.deepEqual([acknowledged, lost], [24 * 60, 0]);
		assert.equal(connections, 10);
	});

	test("refuses subscriptions, or takes them and answers nothing: one connection", async () => {
		const refusing = await live((packet, send) => {
			if (packet.cmd !== "subscribe") return false;
			send({ cmd: "suback", messageId: packet.messageId!, granted: [0x80] });
			return true;
		});
		assert.deepEqual([refusing.acknowledged, refusing.lost, refusing.connections], [24 * 60, 0, 1]);
		const silent = await live(() => false);
		assert.deepEqual([silent.acknowledged, silent.lost, silent.connections], [24 * 60, 0, 1]);
		assert.equal(silent.gets > 20 && silent.gets < 60, true, `the twin was asked for ${silent.gets} times`);
	});
});
