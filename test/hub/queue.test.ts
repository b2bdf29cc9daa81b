/** Telemetry that waits: order, bounds at their edges, drops, reconnects in the middle. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { utf8, utf8Text } from "../../src/base/bytes.ts";
import { Fault } from "../../src/fault.ts";
import { type Properties, telemetryTopic } from "../../src/hub/hub-topics.ts";
import { MOST_PROPERTIES_BYTES, MOST_TELEMETRY_BYTES } from "../../src/hub/limits.ts";
import { type QueueLimits, TelemetryQueue } from "../../src/hub/queue.ts";

const AMPLE: QueueLimits = { messages: 1000, bytes: 1 << 20 };

/** A hub that acknowledges when told. */
class Hub {
	readonly got: string[] = [];
	#open: ((fault?: Fault) => void)[] = [];

	telemetry(body: Uint8Array, _properties: Properties, done: (fault?: Fault) => void): void {
		this.got.push(utf8Text(body));
		this.#open.push(done);
	}

	get open(): number {
		return this.#open.length;
	}

	acknowledge(fault?: Fault): void {
		this.#open.shift()!(fault);
	}

	acknowledgeAll(): void {
		while (this.#open.length > 0) this.acknowledge();
	}
}

/** Notes what became of each message: `ok` or a fault's code. */
function fill(queue: TelemetryQueue, texts: Iterable<string | number>, said: string[] = []): string[] {
	for (const text of texts) queue.push(String(text), {}, (fault) => said.push(`${text} ${fault?.code ?? "ok"}`));
	return said;
}

function outcome(queue: TelemetryQueue, body: Uint8Array | object, properties: Properties = {}): string {
	let said = "waits";
	queue.push(body, properties, (fault) => {
		said = fault?.code ?? "ok";
	});
	return said;
}

describe("the telemetry queue", () => {
	test("sends in order, one at a time", () => {
		const queue = new TelemetryQueue(AMPLE);
		const hub = new Hub();
		const said = fill(queue, [1, 2, 3]);
		queue.attach(hub);
		assert.deepEqual([hub.got, hub.open, said], [["1"], 1, []]);
		hub.acknowledge();
		assert.deepEqual([hub.got, hub.open, said], [["1", "2"], 1, ["1 ok"]]);
		hub.acknowledgeAll();
		assert.deepEqual([hub.got, said, queue.length], [["1", "2", "3"], ["1 ok", "2 ok", "3 ok"], 0]);
	});

	test("holds so many messages; one more pushes the oldest out, which learns of it", () => {
		const queue = new TelemetryQueue({ messages: 3, bytes: 1000 });
		const said = fill(queue, [1, 2, 3]);
		assert.deepEqual([said, queue.dropped], [[], 0]);
		fill(queue, [4], said);
		assert.deepEqual([said, queue.dropped, queue.length], [["1 hub.queue-full"], 1, 3]);
		const hub = new Hub();
		queue.attach(hub);
		hub.acknowledgeAll();
		assert.deepEqual(hub.got, ["2", "3", "4"]);
	});

	test("holds so many bytes, properties included; one more pushes out as many as it takes", () => {
		const queue = new TelemetryQueue({ messages: 100, bytes: 30 });
		const said = fill(queue, ["a".repeat(10), "b".repeat(10)]);
		assert.equal(outcome(queue, utf8("c".repeat(7)), { x: "1" }), "waits");
		assert.deepEqual([said, queue.length], [[], 3]);
		assert.equal(outcome(queue, utf8("d")), "waits");
		assert.deepEqual([said, queue.length], [["aaaaaaaaaa hub.queue-full"], 3]);
		assert.equal(outcome(queue, new Uint8Array(30)), "waits");
		assert.deepEqual([queue.dropped, queue.length], [4, 1]);
	});

	test("refuses what is over its own bound, and drops nothing for it", () => {
		const queue = new TelemetryQueue({ messages: 100, bytes: 30 });
		const said = fill(queue, ["a"]);
		assert.equal(outcome(queue, new Uint8Array(31)), "hub.too-large");
		assert.deepEqual([said, queue.length, queue.dropped], [[], 1, 0]);
	});

	test("takes 256 KB of body and properties, refuses one byte more", () => {
		assert.equal(MOST_TELEMETRY_BYTES, 262144);
		const queue = new TelemetryQueue(AMPLE);
		assert.equal(outcome(queue, new Uint8Array(MOST_TELEMETRY_BYTES)), "waits");
		assert.equal(outcome(queue, new Uint8Array(MOST_TELEMETRY_BYTES + 1)), "hub.too-large");
		assert.equal(outcome(queue, new Uint8Array(MOST_TELEMETRY_BYTES - 3), { a: "1" }), "waits");
		assert.equal(outcome(queue, new Uint8Array(MOST_TELEMETRY_BYTES - 2), { a: "1" }), "hub.too-large");
		assert.equal(queue.length, 2);
	});

	test("takes properties that just fit a topic beside the longest device id, refuses one byte more", () => {
		const queue = new TelemetryQueue(AMPLE);
		const longest = { a: "x".repeat(MOST_PROPERTIES_BYTES - 2) };
		assert.equal(telemetryTopic("d".repeat(128), longest).length, 65535);
		assert.equal(outcome(queue, utf8(""), longest), "waits");
		assert.equal(outcome(queue, utf8(""), { a: `${longest.a}x` }), "hub.too-large");
		assert.equal(outcome(queue, utf8(""), { a: "\udfff" }), "hub.invalid");
	});

	test("sends objects as JSON and says so to the hub, texts and bytes as they are", () => {
		const queue = new TelemetryQueue(AMPLE);
		const sent: unknown[] = [];
		queue.attach({
			telemetry(body, properties, done) {
				sent.push([utf8Text(body), properties]);
				done();
			},
		});
		queue.push({ a: 1 }, { kind: "x" }, () => {});
		queue.push([1], { "$.ct": "application/senml+json" }, () => {});
		queue.push("text", {}, () => {});
		queue.push(utf8("bytes"), {}, () => {});
		assert.deepEqual(sent, [
			['{"a":1}', { "$.ct": "application/json", "$.ce": "utf-8", kind: "x" }],
			["[1]", { "$.ct": "application/senml+json", "$.ce": "utf-8" }],
			["text", {}],
			["bytes", {}],
		]);
		assert.equal(outcome(queue, { big: 1n }), "hub.invalid");
	});

	test("survives reconnects: what was not acknowledged is sent again, in order, and nothing twice in a session", () => {
		const queue = new TelemetryQueue(AMPLE);
		const said = fill(queue, [1, 2, 3]);
		const first = new Hub();
		queue.attach(first);
		first.acknowledge();
		first.acknowledge(new Fault("mqtt.closed", "cut"));
		queue.attach(undefined);
		fill(queue, [4], said);
		const second = new Hub();
		queue.attach(second);
		second.acknowledgeAll();
		assert.deepEqual(
			[first.got, second.got],
			[
				["1", "2"],
				["2", "3", "4"],
			],
		);
		assert.deepEqual(said, ["1 ok", "2 ok", "3 ok", "4 ok"]);
	});

	test("an answer of an earlier session counts for nothing", () => {
		const queue = new TelemetryQueue(AMPLE);
		const said = fill(queue, [1]);
		const first = new Hub();
		queue.attach(first);
		const second = new Hub();
		queue.attach(second);
		first.acknowledge();
		assert.deepEqual([said, queue.length], [[], 1]);
		second.acknowledge();
		assert.deepEqual([said, queue.length], [["1 ok"], 0]);
	});

	test("one in flight stays the only one in flight, even when it is dropped", () => {
		const queue = new TelemetryQueue({ messages: 2, bytes: 1000 });
		const hub = new Hub();
		queue.attach(hub);
		const said = fill(queue, [1, 2, 3, 4]);
		assert.deepEqual([hub.got, said], [["1"], ["1 hub.queue-full", "2 hub.queue-full"]]);
		hub.acknowledgeAll();
		assert.deepEqual(
			[hub.got, said.slice(2)],
			[
				["1", "3", "4"],
				["3 ok", "4 ok"],
			],
		);
	});

	test("what can never be sent goes, and the next follows", () => {
		const queue = new TelemetryQueue(AMPLE);
		const hub = new Hub();
		queue.attach(hub);
		const said = fill(queue, [1, 2]);
		hub.acknowledge(new Fault("mqtt.too-large", "no"));
		hub.acknowledge();
		assert.deepEqual(said, ["1 mqtt.too-large", "2 ok"]);
	});

	test("logs with the next session how many were dropped, once", () => {
		const steps: unknown[] = [];
		const queue = new TelemetryQueue({ messages: 1, bytes: 1000 }, (step, detail) => steps.push([step, detail]));
		fill(queue, [1, 2, 3]);
		queue.attach(new Hub());
		queue.attach(undefined);
		fill(queue, [4]);
		queue.attach(new Hub());
		assert.deepEqual(steps, [
			["telemetry.dropped", { messages: 2, sinceStart: 2 }],
			["telemetry.dropped", { messages: 1, sinceStart: 3 }],
		]);
	});

	test("says once nothing waits any more", () => {
		const queue = new TelemetryQueue(AMPLE);
		const hub = new Hub();
		let empty = 0;
		fill(queue, [1, 2]);
		queue.attach(hub);
		queue.whenEmpty(() => empty++);
		hub.acknowledge();
		assert.equal(empty, 0);
		hub.acknowledge();
		assert.equal(empty, 1);
	});
});
