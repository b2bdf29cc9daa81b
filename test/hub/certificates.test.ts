/** src/hub/certificates.ts: what is asked, what is waited for, and every refusal of dialect C's table. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { utf8 } from "../../src/base/bytes.ts";
import {
	ACTIVE,
	answer,
	asked,
	bodyOf,
	fault,
	HOUR,
	message,
	NOW,
	PLAIN,
	REPLACE,
	RID,
	refuse,
	SECOND,
	wait,
} from "./request-probe.ts";

describe("accepted", () => {
	test("202: waits for the certificates until operationExpires, without polling", () => {
		const made = asked();
		const body = { correlationId: "8819e8d8", operationExpires: "2026-01-31T12:00:00.565000000Z" };
		assert.deepEqual(answer(made, 202, body), wait(12 * HOUR + 565));
		assert.equal(made.deadline, NOW + 12 * HOUR + 565);
	});

	for (const [why, body] of [
		["absent", {}],
		["unreadable", { operationExpires: "tomorrow" }],
		["in a body that is no JSON", "<html>"],
		["in a body that is empty", ""],
		["in a body that is null", "null"],
	] as const)
		test(`202 with operationExpires ${why}: twelve hours`, () => {
			assert.deepEqual(answer(asked(), 202, body), wait(12 * HOUR));
		});

	test("a clock that is wrong by a year neither waits a year nor asks in a loop", () => {
		const body = { operationExpires: "2026-01-31T12:00:00Z" };
		const early = answer(asked(), 202, body, NOW - 365 * 24 * HOUR) as { untilTicks: number };
		assert.equal(early.untilTicks, NOW - 365 * 24 * HOUR + 24 * HOUR);
		const late = answer(asked(), 202, body, NOW + 365 * 24 * HOUR) as { untilTicks: number };
		assert.equal(late.untilTicks, NOW + 365 * 24 * HOUR + HOUR / 4);
	});

	test("operationExpires is taken by the wall clock, the wait itself by ticks: a clock that is set later changes nothing", () => {
		const made = asked();
		const body = { operationExpires: "2026-01-31T12:00:00Z" };
		assert.deepEqual(answer(made, 202, body, NOW, RID, 1000), { type: "wait", untilTicks: 1000 + 12 * HOUR });
		assert.equal(made.deadline, 1000 + 12 * HOUR);
		const info = { ...ACTIVE, requestId: RID };
		const payload = utf8(JSON.stringify({ errorCode: 409005, message: "said so", info }));
		const told = message(made, `$iothub/credentials/res/409/?$rid=${RID}`, payload, 2000, NOW + HOUR);
		assert.deepEqual(told, { type: "wait", untilTicks: 2000 + 5 * HOUR + 500 });
	});

	test("when the request expires it is sent once more with the same id, and then fails", () => {
		const made = asked();
		answer(made, 202, {});
		assert.deepEqual(bodyOf(made.onDeadline(NOW + 12 * HOUR)), PLAIN);
		answer(made, 202, {}, NOW + 12 * HOUR);
		const failure = fault(made.onDeadline(NOW + 24 * HOUR));
		assert.deepEqual([failure.code, failure.retryable], ["hub.timeout", true]);
	});

	test("after a lost connection it is sent again with the same id; 409 with that id means to go on waiting", () => {
		const made = asked();
		answer(made, 202, {});
		assert.deepEqual(bodyOf(made.start(NOW + HOUR)), PLAIN);
		const info = { ...ACTIVE, requestId: RID };
		assert.deepEqual(refuse(made, 409005, { info }, NOW + HOUR), wait(6 * HOUR + 500));
	});
});

describe("refused", () => {
	for (const [errorCode, code, retryable] of [
		[400004, "hub.bad-request", false],
		[400006, "hub.bad-request", false],
		[400037, "hub.csr-rejected", false],
		[400040, "hub.csr-rejected", false],
		[401002, "hub.unauthorized", false],
		[403000, "hub.unauthorized", false],
		[404001, "hub.unauthorized", false],
		[400999, "hub.bad-request", false],
		[412001, "hub.no-request", false],
		[302000, "hub.response", false],
	] as const)
		test(`${errorCode} ends in ${code}, also after 202`, () => {
			for (const accepted of [false, true]) {
				const made = asked();
				if (accepted) answer(made, 202, {});
				const failure = fault(refuse(made, errorCode));
				assert.deepEqual([failure.code, failure.retryable], [code, retryable]);
				assert.match(failure.message, new RegExp(`error ${errorCode}: said so`));
				assert.equal(refuse(made, errorCode), undefined);
			}
		});

	for (const [errorCode, first] of [
		[429002, SECOND],
		[429003, SECOND],
		[503001, 5 * SECOND],
		[502000, 5 * SECOND],
		[500001, 300 * SECOND],
	] as const)
		test(`${errorCode} waits ${first} ms, doubling to an hour, and fails after six`, () => {
			const made = asked();
			for (let failure = 0; failure < 5; failure++) {
				assert.deepEqual(refuse(made, errorCode), wait(Math.min(HOUR, first * 2 ** failure)));
				assert.deepEqual(bodyOf(made.onDeadline(NOW)), PLAIN);
			}
			const last = fault(refuse(made, errorCode, { retryAfter: 7 }));
			assert.equal(last.code, errorCode < 500_000 ? "hub.throttled" : "hub.unavailable");
			assert.deepEqual([last.retryable, last.retryAfterSeconds], [true, 7]);
		});

	test("retryAfter is honoured within an hour, spread by a fifth, and nonsense in it is passed over", () => {
		assert.deepEqual(refuse(asked(), 429002, { retryAfter: 60 }), wait(60 * SECOND));
		assert.deepEqual(refuse(asked(0.5), 429002, { retryAfter: 60 }), wait(66 * SECOND));
		assert.deepEqual(refuse(asked(), 429002, { retryAfter: 1e9 }), wait(HOUR));
		for (const retryAfter of [-5, 0, "60", null, {}])
			assert.deepEqual(refuse(asked(), 429002, { retryAfter }), wait(SECOND));
	});

	test("a reconnect during such a wait does not shorten it", () => {
		const made = asked();
		const told = refuse(made, 500001);
		assert.deepEqual(made.start(NOW + SECOND), told);
		assert.equal(bodyOf(made.onDeadline(NOW + 300 * SECOND)) !== undefined, true);
	});

	test("a copy of such an answer counts once, and a replacement stays one", () => {
		const made = asked();
		refuse(made, 409005, { info: { requestId: "other-0001" } });
		for (let i = 0; i < 20; i++) assert.deepEqual(refuse(made, 429002), wait(SECOND));
		assert.deepEqual(refuse(made, 429002, { retryAfter: 60 }), wait(60 * SECOND));
		assert.deepEqual(refuse(made, 429002), wait(60 * SECOND), "what was asked for stands");
		assert.deepEqual(bodyOf(made.onDeadline(NOW + 60 * SECOND)), REPLACE);
	});

	test("nor does the request that has failed ask for longer, or the device would renew no more", () => {
		const made = asked();
		let ticks = NOW;
		for (let i = 1; i < 6; i++) {
			refuse(made, 429002, { retryAfter: 1e12 }, ticks);
			ticks = made.deadline!;
			made.onDeadline(ticks);
		}
		assert.equal(fault(refuse(made, 429002, { retryAfter: 1e12 }, ticks)).retryAfterSeconds, HOUR / SECOND);
	});

	test("what retryAfter says stands, whatever a copy of the request comes to", () => {
		const made = asked();
		refuse(made, 429002, { retryAfter: 600 });
		answer(made, 202, {});
		assert.deepEqual(refuse(made, 409005, { info: { requestId: "other-0001" } }), wait(600 * SECOND));
		assert.deepEqual(bodyOf(made.onDeadline(NOW + 600 * SECOND)), REPLACE);
		const over = asked();
		refuse(over, 429002, { retryAfter: 600 });
		fault(refuse(over, 400040));
		assert.equal(over.restUntil, NOW + 600 * SECOND);
	});

	test("a transient failure after each 202 does not become an endless loop", () => {
		const made = asked();
		for (let failure = 0; failure < 5; failure++) {
			answer(made, 202, {});
			assert.equal(refuse(made, 503001)?.type, "wait");
			made.onDeadline(NOW);
		}
		answer(made, 202, {});
		assert.equal(fault(refuse(made, 503001)).code, "hub.unavailable");
	});

	test("silence is asked again with the same id, and in the end hub.timeout", () => {
		const made = asked();
		for (let silence = 0; silence < 5; silence++) {
			assert.equal(made.deadline, NOW + 90 * SECOND);
			assert.equal(made.onDeadline(NOW).type, "wait");
			assert.deepEqual(bodyOf(made.onDeadline(NOW)), PLAIN);
		}
		assert.equal(fault(made.onDeadline(NOW)).code, "hub.timeout");
	});

	for (const errorCode of [409004, 409005, 409999])
		test(`${errorCode} with our own id waits until that request expires`, () => {
			const info = { ...ACTIVE, requestId: RID };
			assert.deepEqual(refuse(asked(), errorCode, { info }), wait(6 * HOUR + 500));
			assert.deepEqual(refuse(asked(), errorCode, { info: { requestId: RID } }), wait(12 * HOUR));
		});

	for (const info of [{ ...ACTIVE, requestId: "another-1" }, {}, null, undefined])
		test(`409005 with info ${JSON.stringify(info)} replaces the other request, twice at most`, () => {
			const made = asked();
			assert.deepEqual(bodyOf(refuse(made, 409005, { info })), REPLACE);
			assert.deepEqual(bodyOf(refuse(made, 409005, { info })), REPLACE);
			const failure = fault(refuse(made, 409005, { info }));
			assert.deepEqual([failure.code, failure.retryable], ["hub.conflict", true]);
		});

	test("a 409 that comes twice replaces twice; the second 412 is no answer to the resend", () => {
		const made = asked();
		const other = { info: { requestId: "other-1" } };
		assert.deepEqual(bodyOf(refuse(made, 409005, other)), REPLACE);
		assert.deepEqual(bodyOf(refuse(made, 409005, other)), REPLACE);
		assert.deepEqual(bodyOf(refuse(made, 412001)), PLAIN);
		assert.equal(refuse(made, 412001)?.type, "wait");
		assert.equal(answer(made, 202, ACTIVE)?.type, "wait");
		assert.equal(fault(refuse(made, 412001)).code, "hub.no-request");
	});

	test("412001 to a replacement: sent again without; to a plain request it is a failure", () => {
		const made = asked();
		refuse(made, 409005);
		assert.deepEqual(bodyOf(refuse(made, 412001)), PLAIN);
		assert.equal(fault(refuse(made, 412001)).code, "hub.no-request");
	});

	test("a transient failure upon a replacement: it is a replacement again afterwards", () => {
		const made = asked();
		refuse(made, 409005);
		refuse(made, 429002);
		assert.deepEqual(bodyOf(made.onDeadline(NOW)), REPLACE);
	});

	for (const body of ["", "<html>", "null", "[]", { errorCode: "x" }, { errorCode: -1 }, { errorCode: 1e9 }])
		test(`the status alone says enough: body ${JSON.stringify(body)}`, () => {
			assert.deepEqual(answer(asked(), 503, body), wait(5 * SECOND));
			assert.equal(fault(answer(asked(), 400, body)).code, "hub.bad-request");
		});

	test("an error under a topic of success is an error", () => {
		assert.equal(fault(answer(asked(), 200, { errorCode: 400040, message: "CSR" })).code, "hub.csr-rejected");
		assert.deepEqual(answer(asked(), 202, { errorCode: 429002 }), wait(SECOND));
	});

	test("the hub's message reaches the Fault short and printable", () => {
		const failure = fault(refuse(asked(), 400004, { message: `evil\n\u001b[2J${"x".repeat(1000)}` }));
		assert.match(failure.message, /evil\?\?\[2Jx+$/);
		assert.ok(failure.message.length < 250);
	});
});
