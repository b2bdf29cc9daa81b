/** Twin, methods and messages joined over one session: what is subscribed, in which order, and a broker that is silent. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { utf8, utf8Text } from "../../src/base/bytes.ts";
import { Fault } from "../../src/fault.ts";
import { type FeatureOptions, HubFeatures } from "../../src/hub/features.ts";
import { CREDENTIALS_FILTER } from "../../src/hub/issuance.ts";
import { FakeClock } from "../support/clock.ts";
import { FakeSession } from "./fake-session.ts";

function bench(options: Partial<FeatureOptions> = {}) {
	const clock = new FakeClock();
	const steps: string[] = [];
	const features = new HubFeatures({
		clock,
		log: (step, detail) => steps.push(`${step} ${detail?.code ?? ""}`.trim()),
		random: () => 0,
		maxMessageBytes: 4096,
		...options,
	});
	return { clock, steps, features };
}

const RES = "$iothub/twin/res/#";
const DESIRED = "$iothub/twin/PATCH/properties/desired/#";
const METHODS = "$iothub/methods/POST/#";
const MESSAGES = "devices/dev-001/messages/devicebound/#";
const everything = { onDesired() {}, methods: { m() {} }, onMessage() {} };
const late = new Fault("mqtt.timeout", "no SUBACK in time");

describe("features", () => {
	test("subscribe what is used and nothing else", () => {
		for (const [options, filters] of [
			[{}, []],
			[{ methods: {} }, []],
			[{ methods: { m() {} } }, [METHODS]],
			[{ onMessage() {} }, [MESSAGES]],
			[{ onDesired() {} }, [DESIRED, RES]],
		] as const) {
			const session = new FakeSession();
			bench(options).features.attach(session);
			session.acknowledgeAll();
			assert.deepEqual(session.filters, filters);
		}
	});

	test("use all of them, with the one for certificates, the five filters that the hub allows", () => {
		const session = new FakeSession();
		bench(everything).features.attach(session);
		session.acknowledgeAll();
		assert.deepEqual(new Set([...session.filters, CREDENTIALS_FILTER]).size, 5);
		assert.equal(session.filters.length, 4);
	});

	test("the twin is read once changes and answers are both subscribed", () => {
		const session = new FakeSession();
		bench({ onDesired() {} }).features.attach(session);
		assert.deepEqual([session.filters, session.sent], [[DESIRED], []]);
		session.acknowledge();
		assert.deepEqual([session.filters, session.sent], [[DESIRED, RES], []]);
		session.acknowledge();
		assert.deepEqual(session.sent, ["$iothub/twin/GET/?$rid=1"]);
	});

	test("the first report subscribes answers, before the session or in it, and is sent then", () => {
		const before = bench();
		before.features.report({ a: 1 });
		const session = new FakeSession();
		before.features.attach(session);
		assert.deepEqual([session.filters, session.sent], [[RES], []]);
		session.acknowledge();
		assert.deepEqual(session.sent, ['$iothub/twin/PATCH/properties/reported/?$rid=1 {"a":1}']);

		const within = bench();
		const other = new FakeSession();
		within.features.attach(other);
		assert.deepEqual(other.filters, []);
		within.features.report({ a: 1 });
		within.features.report({ b: 1 });
		other.acknowledgeAll();
		assert.deepEqual(other.filters, [RES]);
		assert.deepEqual(other.sent, ['$iothub/twin/PATCH/properties/reported/?$rid=1 {"a":1,"b":1}']);
		const refused = bench();
		const third = new FakeSession();
		refused.features.attach(third);
		refused.features.report({ "a.b": 1 });
		assert.deepEqual(third.filters, []);
	});

	test("each gets its messages; other topics are nobody's", () => {
		const got: unknown[] = [];
		const { features } = bench({
			onDesired: (properties) => got.push(properties),
			onMessage: ({ body }) => got.push(utf8Text(body)),
			methods: { m: (payload, respond) => respond(200, { got: got.push(payload) }) },
		});
		const session = new FakeSession();
		features.attach(session);
		session.acknowledgeAll();
		assert.equal(features.message("$iothub/twin/res/200/?$rid=1", utf8('{"desired":{"a":1,"$version":1}}')), true);
		assert.equal(features.message("$iothub/methods/POST/m/?$rid=7", utf8("[1]")), true);
		assert.equal(features.message("devices/dev-001/messages/devicebound/", utf8("hi")), true);
		assert.equal(features.message("$iothub/credentials/res/202/?$rid=1", utf8("")), false);
		assert.equal(features.message("devices/dev-002/messages/devicebound/", utf8("hi")), false);
		assert.deepEqual(got, [{ a: 1 }, [1], "hi"]);
		assert.equal(session.sent.at(-1), '$iothub/methods/res/200/?$rid=7 {"got":2}');
	});

	test("callbacks that throw and messages that cannot be read are logged, and the rest goes on", () => {
		const bad = () => {
			throw new Error("mine");
		};
		const { features, steps } = bench({ onDesired: bad, onMessage: bad });
		const session = new FakeSession();
		features.attach(session);
		session.acknowledgeAll();
		features.message("$iothub/twin/res/200/?$rid=1", utf8('{"desired":{"a":1,"$version":1}}'));
		features.message("devices/dev-001/messages/devicebound/", utf8("hi"));
		features.message("devices/dev-001/messages/devicebound/a=%", utf8("hi"));
		features.message("$iothub/methods/POST/m/?", utf8("hi"));
		features.report({ a: 1 }, bad);
		features.message("$iothub/twin/res/204/?$rid=2&$version=2", utf8(""));
		assert.deepEqual(steps, [
			"fault agent.callback",
			"fault agent.callback",
			"fault hub.response",
			"fault hub.response",
			"fault agent.callback",
		]);
		features.report({ b: 1 });
		assert.equal(session.sent.at(-1), '$iothub/twin/PATCH/properties/reported/?$rid=3 {"b":1}');
	});

	test("after a reconnect: subscribed again, the twin read again; a call that came before the filters is answered", () => {
		const { features } = bench({ ...everything, methods: { m: (_, respond) => respond(200) } });
		const first = new FakeSession();
		features.attach(first);
		first.acknowledgeAll();
		features.detach();
		const second = new FakeSession();
		features.attach(second);
		features.message("$iothub/methods/POST/m/?$rid=1", utf8(""));
		assert.deepEqual(second.sent, ["$iothub/methods/res/200/?$rid=1 {}"]);
		second.acknowledgeAll();
		assert.deepEqual(new Set(second.filters), new Set(first.filters));
		assert.equal(second.sent.at(-1), "$iothub/twin/GET/?$rid=2");
	});

	test("an acknowledgement of an ended session starts nothing", () => {
		const { features } = bench({ onDesired() {} });
		const session = new FakeSession();
		features.attach(session);
		features.detach();
		session.acknowledgeAll();
		assert.deepEqual([session.filters, session.sent], [[DESIRED], []]);
	});
});

describe("a broker that leaves subscriptions unanswered", () => {
	test("gets them once more at once, then after 10 minutes, 20, ... up to a day, and at once after it has answered", async () => {
		const { features, clock } = bench(everything);
		const waits: number[] = [];
		for (let i = 0; i < 11; i++) {
			const session = new FakeSession();
			const from = clock.ticks();
			features.attach(session);
			while (session.filters.length === 0) await clock.advance(60_000);
			waits.push((clock.ticks() - from) / 60_000);
			session.acknowledgeAll(late);
			features.detach();
		}
		assert.deepEqual(waits, [0, 0, 10, 20, 40, 80, 160, 320, 640, 1280, 1440]);
		const good = new FakeSession();
		features.attach(good);
		await clock.advance(24 * 3600_000);
		good.acknowledgeAll();
		features.detach();
		const next = new FakeSession();
		features.attach(next);
		next.acknowledgeAll(late);
		features.detach();
		const again = new FakeSession();
		features.attach(again);
		assert.ok(again.filters.length > 0);
	});

	test("an ended session takes its wait along", async () => {
		const { features, clock } = bench(everything);
		for (let i = 0; i < 2; i++) {
			const session = new FakeSession();
			features.attach(session);
			session.acknowledgeAll(late);
			features.detach();
		}
		const session = new FakeSession();
		features.attach(session);
		features.detach();
		assert.equal(clock.waiting, 0);
		await clock.advance(3600_000);
		assert.deepEqual(session.filters, []);
	});

	test("one that refuses them is asked again with every session, and telemetry is not concerned", () => {
		const { features, steps } = bench(everything);
		for (let i = 0; i < 4; i++) {
			const session = new FakeSession();
			features.attach(session);
			session.acknowledgeAll(new Fault("mqtt.subscribe", "SUBACK with 0x80"));
			assert.deepEqual(session.filters, [DESIRED, METHODS, MESSAGES]);
			features.detach();
		}
		assert.ok(steps.every((step) => step === "fault mqtt.subscribe"));
	});
});
