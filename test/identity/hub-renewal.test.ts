/** A renewal over the hub before its answers' topic is subscribed: what the hub kept of a former session may come first. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "../../src/base/bytes.ts";
import { parseConfig } from "../../src/config.ts";
import { Fault } from "../../src/fault.ts";
import { heldOf } from "../../src/identity/held.ts";
import { renewOverHub } from "../../src/identity/hub-renewal.ts";
import type { Issued } from "../../src/identity/issued.ts";
import { Journal } from "../../src/identity/journal.ts";
import { Link } from "../../src/identity/link.ts";

import { FakeSession } from "../hub/fake-session.ts";
import { FakeClock } from "../support/clock.ts";
import { FakeEntropy } from "../support/entropy.ts";
import { FakeStore } from "../support/store.ts";
import { keys, proposal } from "./credential-probe.ts";

const RID = "aabb-0123";

/** A device that asked in a former session, and boots; its session is open, and nothing is taken up yet. */
function booted() {
	const device = opened();
	const { renewal } = device.takeUp();
	const answer = (status: number, body: object): void => {
		renewal.message(`$iothub/credentials/res/${status}/?$rid=${RID}`, utf8(JSON.stringify(body)));
	};
	return { ...device, answer };
}

function opened() {
	const clock = new FakeClock();
	const session = new FakeSession();
	const results: (Issued | Fault)[] = [];
	const rests: number[] = [];
	const journal = new Journal(new FakeStore());
	journal.load();
	journal.keepPending({ key: keys[1]!, requestId: RID });
	const credential = heldOf({ ...proposal(0), sequence: 1 });
	const { requestId = "" } = journal;
	const link = new Link(session, credential, new Promise(() => {}), 0, {
		mostEarlyBytes: 2048,
		awaited: { requestId, room: 6144 },
	});
	const takeUp = () => {
		const renewal = renewOverHub(
			{
				clock,
				entropy: new FakeEntropy(),
				log: () => {},
				config: parseConfig({
					idScope: "0ne00000001",
					registrationId: "dev-001",
					symmetricKey: Buffer.alloc(32, 1).toString("base64"),
				}),
				journal,
			},
			{ session, credential },
			(result, restUntil) => {
				results.push(result);
				rests.push(restUntil);
			},
		);
		const stop = link.listen((topic, payload) => renewal.message(topic, payload), renewal);
		return { renewal, stop };
	};
	return { clock, session, results, rests, link, takeUp };
}

const codeOf = (result: Issued | Fault): string | undefined => (result instanceof Fault ? result.code : undefined);
const ISSUED = `$iothub/credentials/res/200/?$rid=${RID}`;
/** Too large to be held, with what nobody knows. */
const LARGE = utf8(JSON.stringify({ padding: "x".repeat(4000), errorCode: 400040 }));

test("409 of a request by another id, and the subscription: one request leaves", async () => {
	const { clock, session, answer } = booted();
	answer(409, { errorCode: 409001, message: "m", info: { requestId: "other-0001" } });
	await clock.advance(1000);
	assert.equal(session.published.length, 0);
	session.acknowledge();
	await clock.advance(1000);
	assert.equal(session.published.length, 1);
	assert.ok(session.published[0]!.includes(RID));
});

test("429 and its retryAfter before the subscription: nothing is asked for until that is over", async () => {
	const { clock, session, answer } = booted();
	answer(429, { errorCode: 429001, message: "m", info: null, retryAfter: 600 });
	session.acknowledge();
	await clock.advance(599_000);
	assert.equal(session.published.length, 0);
	await clock.advance(200_000);
	assert.equal(session.published.length, 1);
});

test("429 whose time is over before the subscription: nothing leaves until its answer could be heard", async () => {
	const { clock, session, answer } = booted();
	answer(429, { errorCode: 429001, message: "m", info: null, retryAfter: 1 });
	await clock.advance(50_000);
	assert.equal(session.published.length, 0);
	session.acknowledge();
	await clock.advance(1000);
	assert.equal(session.published.length, 1);
});

test("a refusal before the subscription ends the request, and the subscription does not begin it again", async () => {
	const { clock, session, results, answer } = booted();
	answer(400, { errorCode: 400040, message: "m", info: null });
	assert.equal(results.length, 1);
	assert.ok(results[0] instanceof Fault);
	session.acknowledge();
	await clock.advance(1000);
	assert.equal(session.published.length, 0);
});

test("429 and its retryAfter, then a refusal to a copy of the request: the next one is after the retryAfter", async () => {
	const { clock, session, rests, answer } = booted();
	session.acknowledge();
	answer(429, { errorCode: 429001, message: "m", info: null, retryAfter: 900 });
	await clock.advance(1000);
	answer(400, { errorCode: 400040, message: "m", info: null });
	assert.deepEqual(rests, [900_000]);
});

test("an answer too large to be held, before the request is taken up, is read as it comes, and counts", async () => {
	const { clock, session, results, link, takeUp } = opened();
	const sink = link.open(ISSUED, LARGE.length);
	assert.ok(sink);
	sink.push(LARGE.subarray(0, 3000));
	sink.push(LARGE.subarray(3000));
	sink.end();
	assert.equal(link.open(ISSUED, LARGE.length), undefined, "a copy goes nowhere, and is no Fault");
	takeUp();
	await clock.advance(0);
	session.acknowledge();
	await clock.advance(1000);
	assert.deepEqual(results.map(codeOf), ["hub.csr-rejected"]);
	assert.equal(session.published.length, 0, "nothing is asked for again");
});

test("such an answer that has begun to come by then counts at its end", async () => {
	const { clock, session, results, link, takeUp } = opened();
	const sink = link.open(ISSUED, LARGE.length);
	assert.ok(sink);
	sink.push(LARGE.subarray(0, 3000));
	takeUp();
	sink.push(LARGE.subarray(3000));
	sink.end();
	await clock.advance(0);
	session.acknowledge();
	await clock.advance(1000);
	assert.deepEqual(results.map(codeOf), ["hub.csr-rejected"]);
	assert.equal(session.published.length, 0);
});

test("a large answer to another request goes nowhere, and once the request was taken up and is over, so does one to it", () => {
	const { link, takeUp } = opened();
	assert.equal(link.open("$iothub/credentials/res/200/?$rid=other-0001", 5000), undefined);
	const { renewal, stop } = takeUp();
	renewal.message(`$iothub/credentials/res/400/?$rid=${RID}`, utf8(JSON.stringify({ errorCode: 400040 })));
	stop();
	assert.equal(link.open(ISSUED, LARGE.length), undefined);
});

for (const [size, deliver] of [
	["small", (link: Link, answer: Uint8Array) => link.message(ISSUED, answer)],
	[
		"large",
		(link: Link, answer: Uint8Array) => {
			const sink = link.open(ISSUED, answer.length);
			assert.ok(sink);
			sink.push(answer);
			sink.end();
		},
	],
] as const)
	test(`a ${size} answer that comes between two attempts at one request is the second one's`, async () => {
		const { clock, session, results, link, takeUp } = opened();
		const { stop } = takeUp();
		session.acknowledge(new Fault("mqtt.timeout", "no SUBACK in time"));
		stop();
		deliver(link, utf8(JSON.stringify({ errorCode: 400040 })));
		takeUp();
		await clock.advance(0);
		assert.deepEqual(results.map(codeOf), ["mqtt.timeout", "hub.csr-rejected"]);
	});

test("an answer that the last session had no time to acknowledge takes no room from the one that is awaited", () => {
	const { results, link, takeUp } = opened();
	assert.equal(link.message("$iothub/credentials/res/200/?$rid=other-0001", new Uint8Array(1900)), true);
	const refusal = utf8(JSON.stringify({ errorCode: 400040, message: "x".repeat(300), info: null }));
	assert.equal(link.message(`$iothub/credentials/res/400/?$rid=${RID}`, refusal), true);
	takeUp();
	assert.deepEqual(results.map(codeOf), ["hub.csr-rejected"]);
});
