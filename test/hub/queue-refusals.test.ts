/** A message that an open session refuses must not hold up what waits behind it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../src/fault.ts";
import { openHub } from "../../src/hub/hub-session.ts";
import { TelemetryQueue } from "../../src/hub/queue.ts";
import { FakeClock } from "../support/clock.ts";
import { FakeWire } from "../support/wire.ts";

const AMPLE = { messages: 100, bytes: 100_000 };

class Hub {
	#open: ((fault?: Fault) => void)[] = [];

	telemetry(_body: Uint8Array, _properties: unknown, done: (fault?: Fault) => void): void {
		this.#open.push(done);
	}

	acknowledge(fault?: Fault): void {
		this.#open.shift()!(fault);
	}
}

function fill(queue: TelemetryQueue, bodies: readonly number[]): string[] {
	const said: string[] = [];
	for (const body of bodies) queue.push(String(body), {}, (fault) => said.push(`${body} ${fault?.code ?? "ok"}`));
	return said;
}

test("a message that an open session refuses, for whatever reason, fails with its Fault; what the session's end cuts off stays", () => {
	for (const code of ["mqtt.protocol", "mqtt.busy", "hub.invalid", "agent.failed", "mqtt.too-large"] as const) {
		const queue = new TelemetryQueue(AMPLE);
		const hub = new Hub();
		queue.attach(hub);
		const said = fill(queue, [1, 2]);
		let empty = false;
		queue.whenEmpty(() => {
			empty = true;
		});
		hub.acknowledge(new Fault(code, "no"));
		hub.acknowledge();
		assert.deepEqual([said, empty], [[`1 ${code}`, "2 ok"], true]);
	}
	for (const code of ["mqtt.closed", "mqtt.timeout"] as const) {
		const queue = new TelemetryQueue(AMPLE);
		const hub = new Hub();
		queue.attach(hub);
		const said = fill(queue, [1]);
		hub.acknowledge(new Fault(code, "no"));
		assert.deepEqual([said, queue.length], [[], 1]);
	}
});

test("a topic that MQTT cannot carry does not hold the queue up: the real client refuses it", async () => {
	const clock = new FakeClock();
	const wire = new FakeWire({
		clock,
		serve: (socket) => {
			socket.onData = () => socket.write(Uint8Array.of(0x20, 2, 0, 0));
		},
	});
	const options = {
		wire,
		clock,
		log: () => {},
		hub: { host: "h", port: 8883 },
		deviceId: "light#1",
		anchors: [],
		maxMessageBytes: 4096,
	};
	let opened = false;
	const session = openHub(
		{ ...options, identity: { chain: [], pkcs8: new Uint8Array(0) } },
		{
			onOpen() {
				opened = true;
			},
			onMessage() {},
			onClose() {},
		},
	);
	await clock.advance(1000);
	assert.ok(opened);
	const queue = new TelemetryQueue(AMPLE);
	const said = fill(queue, [1, 2]);
	queue.attach(session);
	await clock.advance(1000);
	assert.deepEqual(said, ["1 mqtt.protocol", "2 mqtt.protocol"]);
});
