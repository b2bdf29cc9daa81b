/** Offers of updates in a direct method: an address as long as in a twin gets through, whatever else a device holds of a message. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "../../src/base/bytes.ts";
import { Intake } from "../../src/hub/intake.ts";
import { type MethodHandler, Methods } from "../../src/hub/methods.ts";
import { FakeClock } from "../support/clock.ts";

test("the agent's own method gets an address of 2,048 characters where a message may have as many bytes", () => {
	const seen: unknown[] = [];
	const take: MethodHandler = (payload, respond) => respond(200, seen.push(payload));
	const handlers = { "enrollee.update": take, mine: take };
	const methods = new Methods({ clock: new FakeClock(), log: () => {}, handlers, intake: new Intake(2048, () => 0) });
	const sent: string[] = [];
	methods.attach((topic) => sent.push(topic.slice("$iothub/methods/res/".length)));
	const large = (name: string, rid: number, payload: string) => {
		const topic = `$iothub/methods/POST/${name}/?$rid=${rid}`;
		const bytes = utf8(payload);
		const sink = methods.open(topic, bytes.length + topic.length + 2);
		for (let at = 0; at < bytes.length; at += 500) sink?.push(bytes.subarray(at, at + 500));
		sink?.end();
	};
	const offer = (length: number) => ({ url: `https://a.example/${"a".repeat(length - 18)}`, sequence: 2 ** 53 - 1 });
	large("enrollee.update", 1, JSON.stringify(offer(2048)));
	large("Enrollee.Update", 2, JSON.stringify(offer(2048), undefined, "\t"));
	assert.deepEqual(seen, [offer(2048), offer(2048)]);
	assert.throws(
		() => large("mine", 3, JSON.stringify(offer(2048))),
		/too-large: call of mine .* payload at most 2048;/,
	);
	assert.throws(
		() => large("enrollee.update", 4, JSON.stringify(offer(2600))),
		/too-large: call of enrollee.update .* payload at most 2560;/,
	);
	large("enrollee.update", 5, `{"url":"${"a".repeat(2048)}"`);
	large("enrollee.update", 6, `[${"1,".repeat(1100)}1]`);
	large("enrollee.none", 7, JSON.stringify(offer(2048)));
	assert.deepEqual(sent, [
		"200/?$rid=1",
		"200/?$rid=2",
		"413/?$rid=3",
		"413/?$rid=4",
		"400/?$rid=5",
		"200/?$rid=6",
		"404/?$rid=7",
	]);
	assert.deepEqual(seen, [offer(2048), offer(2048), []]);
});

test("of what the agent's own method is called with only an offer is made, and what is none is not taken for nothing", () => {
	const seen: unknown[] = [];
	const handlers: Record<string, MethodHandler> = { "enrollee.update": (payload) => seen.push(payload) };
	const methods = new Methods({ clock: new FakeClock(), log: () => {}, handlers, intake: new Intake(2048, () => 0) });
	methods.attach(() => {});
	const payloads = ["{}", '{"sequence":2,"note":{"a":1},"url":"u"}', '{"note":1}', "[1]", "1", '"t"', "null"];
	for (const [rid, payload] of payloads.entries())
		methods.message(`$iothub/methods/POST/enrollee.update/?$rid=${rid}`, utf8(payload));
	assert.deepEqual(seen, [{}, { sequence: 2, url: "u" }, true, [], 1, "t", null]);
});
