/** Direct methods by themselves: every call answered once, whatever the handler does; bounds at their edges. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { utf8, utf8Text } from "../../src/base/bytes.ts";
import { Fault } from "../../src/fault.ts";
import { Intake } from "../../src/hub/intake.ts";
import { METHOD_SECONDS, MOST_METHOD_BYTES, MOST_OPEN_METHODS } from "../../src/hub/limits.ts";
import { type MethodHandlers, Methods, type Respond } from "../../src/hub/methods.ts";
import { FakeClock } from "../support/clock.ts";
import { isFault } from "../support/random.ts";
import { survives } from "../support/survives.ts";

function bench(handlers: MethodHandlers) {
	const clock = new FakeClock();
	const sent: [string, unknown][] = [];
	const methods = new Methods({ clock, log: () => {}, handlers, intake: new Intake(MOST_METHOD_BYTES, () => 0) });
	const attach = () =>
		methods.attach((topic, payload) =>
			sent.push([topic.slice("$iothub/methods/res/".length), JSON.parse(utf8Text(payload))]),
		);
	attach();
	return {
		clock,
		methods,
		sent,
		attach,
		call: (name: string, rid: string | number, payload: string | Uint8Array = "") =>
			methods.message(
				`$iothub/methods/POST/${name}/?$rid=${rid}`,
				typeof payload === "string" ? utf8(payload) : payload,
			),
	};
}

/** A handler that keeps its respond. */
function slow() {
	const open: Respond[] = [];
	return { open, handlers: { slow: (_: unknown, respond: Respond) => void open.push(respond) } };
}

describe("direct methods", () => {
	test("are found by name, get the payload and give status and payload", () => {
		const seen: unknown[] = [];
		const { call, sent } = bench({
			add: (payload, respond) => {
				seen.push(payload);
				respond(200, { sum: 3 });
			},
			"enrollee.status": (payload, respond) => {
				seen.push(payload);
				respond(204);
			},
		});
		assert.equal(call("add", 1, '{"a":1,"b":2}'), true);
		call("enrollee.status", "0a-f");
		call("add%2e", 2, "null");
		assert.deepEqual(seen, [{ a: 1, b: 2 }, null]);
		assert.deepEqual(sent, [
			["200/?$rid=1", { sum: 3 }],
			["204/?$rid=0a-f", {}],
			["404/?$rid=2", { message: "no such method" }],
		]);
	});

	test("unknown ones are 404, also those that every object has", () => {
		const { call, sent } = bench({});
		for (const name of ["nothing", "constructor", "__proto__", "toString"]) call(name, name.replace(/_/g, ""));
		assert.deepEqual(
			sent.map(([topic]) => topic.slice(0, 3)),
			["404", "404", "404", "404"],
		);
	});

	test("names that differ by case only: the exact one first, else the only one", () => {
		const named: MethodHandlers = Object.fromEntries(
			["reboot", "Stop", "stop", "enrollee.status", "Öffne"].map((name) => [
				name,
				(_: unknown, respond: Respond) => respond(200, name),
			]),
		);
		const { call, sent } = bench(named);
		const names = [
			"reboot",
			"Reboot",
			"REBOOT",
			"stop",
			"Stop",
			"STOP",
			"Enrollee.Status",
			"%c3%b6ffne",
			"re-boot",
			"Constructor",
		];
		for (const [rid, name] of names.entries()) call(name, rid);
		assert.deepEqual(
			sent.map(([topic, body]) => (topic.startsWith("200") ? body : topic.slice(0, 3))),
			["reboot", "reboot", "reboot", "stop", "Stop", "404", "enrollee.status", "Öffne", "404", "404"],
		);
	});

	test("one that throws is 500, and says no more than the code", () => {
		const { call, sent } = bench({
			bad: () => {
				throw new Error("password is hunter2");
			},
			flash: () => {
				throw new Fault("store.full", "no room");
			},
			late: (_, respond) => {
				respond(200);
				throw new Error("after the answer");
			},
		});
		call("bad", 1);
		call("flash", 2);
		call("late", 3);
		assert.deepEqual(sent, [
			["500/?$rid=1", { code: "agent.callback", message: "the method failed" }],
			["500/?$rid=2", { code: "store.full", message: "the method failed" }],
			["200/?$rid=3", {}],
		]);
	});

	test("one slower than the hub's longest wait is 504 once, and its own answer is dropped", async () => {
		const { open, handlers } = slow();
		const { call, sent, clock } = bench(handlers);
		call("slow", 1);
		assert.equal(METHOD_SECONDS, 300);
		await clock.advance(METHOD_SECONDS * 1000 - 1);
		assert.equal(sent.length, 0);
		await clock.advance(1);
		open[0]!(200, { at: "last" });
		assert.deepEqual(
			sent.map(([topic]) => topic),
			["504/?$rid=1"],
		);
	});

	test("one that answers in time answers once", async () => {
		const { open, handlers } = slow();
		const { call, sent, clock } = bench(handlers);
		call("slow", 1);
		await clock.advance(METHOD_SECONDS * 1000 - 1);
		open[0]!(200, 1);
		open[0]!(200, 2);
		await clock.advance(10_000);
		assert.deepEqual([sent, clock.waiting], [[["200/?$rid=1", 1]], 0]);
	});

	test("the same call delivered twice runs once", () => {
		const { open, handlers } = slow();
		const { call } = bench(handlers);
		call("slow", 1);
		call("slow", 1);
		assert.equal(open.length, 1);
	});

	test("so many may be open; one more is 429 and takes nobody's place", () => {
		const { open, handlers } = slow();
		const { call, sent } = bench(handlers);
		for (let rid = 1; rid <= MOST_OPEN_METHODS; rid++) call("slow", rid);
		assert.equal(sent.length, 0);
		call("slow", 99);
		assert.equal(sent[0]![0], "429/?$rid=99");
		open[0]!(200);
		call("slow", 100);
		assert.equal(open.length, MOST_OPEN_METHODS + 1);
	});

	test("an answer from before a reconnect is dropped, even where the id has come again", () => {
		const { open, handlers } = slow();
		const { call, sent, methods, attach, clock } = bench(handlers);
		call("slow", 1);
		methods.detach();
		assert.equal(clock.waiting, 0);
		attach();
		call("slow", 1);
		open[0]!(200, "old");
		assert.deepEqual(sent, []);
		open[1]!(200, "new");
		assert.deepEqual(sent, [["200/?$rid=1", "new"]]);
	});

	test("128 KB in and out, and one byte more", () => {
		assert.equal(MOST_METHOD_BYTES, 131072);
		const text = (bytes: number) => "x".repeat(bytes - 2);
		const { call, sent } = bench({
			take: (payload, respond) => respond(200, (payload as string).length),
			give: (payload, respond) => respond(200, text(payload as number)),
		});
		call("take", 1, JSON.stringify(text(MOST_METHOD_BYTES)));
		call("take", 2, JSON.stringify(text(MOST_METHOD_BYTES + 1)));
		call("give", 3, String(MOST_METHOD_BYTES));
		call("give", 4, String(MOST_METHOD_BYTES + 1));
		assert.deepEqual(
			sent.map(([topic]) => topic),
			["200/?$rid=1", "413/?$rid=2", "200/?$rid=3", "500/?$rid=4"],
		);
	});

	test("a payload of many members or levels, or one that was too large to be held, is 413 and says so", () => {
		const { call, sent, methods } = bench({ take: (_, respond) => respond(200) });
		call("take", 1, `[${"[],".repeat(2000)}[]]`);
		call("take", 2, "[".repeat(5000) + "]".repeat(5000));
		assert.throws(() => methods.open("$iothub/methods/POST/none/?$rid=3", 200_000), /call of none of 200000 /);
		assert.equal(methods.open("devices/d/messages/devicebound/", 200_000), undefined);
		const topics = sent.map(([topic]) => topic);
		assert.deepEqual(topics, ["413/?$rid=1", "413/?$rid=2", "413/?$rid=3"]);
		for (const [, body] of sent) assert.match((body as { message: string }).message, /at most/);
	});

	test("payloads that are no JSON are 400; statuses and payloads that cannot be sent are 500", () => {
		const { call, sent } = bench({
			answer: (payload, respond) => respond(payload as number),
			odd: (_, respond) => respond(200, 1n),
		});
		call("answer", 1, "{");
		call("answer", 2, "100");
		call("answer", 3, "999");
		call("answer", 4, "99");
		call("answer", 5, "1000");
		call("answer", 6, "200.5");
		call("odd", 7);
		assert.deepEqual(
			sent.map(([topic]) => topic.slice(0, 3)),
			["400", "100", "999", "500", "500", "500", "500"],
		);
	});

	test("without a request id, or with one that does not belong into a topic: refused", () => {
		const { call, methods } = bench({});
		for (const rid of ["", "a/b", "a%2Fb", "a+b", "%23", "x".repeat(65)])
			assert.throws(() => call("m", rid), isFault("hub.response"));
		assert.equal(call("m", "x".repeat(64)), true);
		assert.equal(methods.message("$iothub/methods/res/200/?$rid=1", utf8("")), false);
		assert.equal(methods.message("$iothub/twin/res/200/?$rid=1", utf8("")), false);
	});

	test("spoiled calls: an answer, nothing, or a Fault", () => {
		const { read, refused } = survives(
			(bytes) => {
				const [topic = "", body = ""] = Buffer.from(bytes).toString("utf8").split("\n");
				bench({ m: (_, respond) => respond(200) }).methods.message(topic, utf8(body));
			},
			utf8('$iothub/methods/POST/m/?$rid=1\n{"a":[1,2]}'),
			2000,
		);
		assert.ok(read > 0 && refused > 0);
	});
});
