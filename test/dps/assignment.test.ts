/** What DPS assigns: any payload, device ids that a topic can carry, and nothing that would have the device ask again at once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "../../src/base/bytes.ts";
import { Names } from "../../src/base/names.ts";
import { BodyReader } from "../../src/dps/body.ts";
import { parseResponseTopic } from "../../src/dps/dps-topics.ts";
import type { Action } from "../../src/dps/registration.ts";
import { answered, begin } from "./registration-probe.ts";

const ASSIGNED = { assignedHub: "contoso.azure-devices.net", deviceId: "my-device-id1", status: "assigned" };

function answer(status: number, body: unknown): Action {
	const registration = begin();
	const response = registration.take(`$dps/registrations/res/${status}/?$rid=1`);
	assert.ok(response);
	return answered(registration, response, utf8(JSON.stringify(body)));
}

test("a payload may be any JSON: a custom allocation returns what its author likes", () => {
	for (const payload of [
		{ k: "v" },
		"blue line",
		"",
		0,
		7.5,
		true,
		false,
		[],
		[1, { a: [null] }],
		"x".repeat(20_000),
		-1e-300,
		1e300,
		'\ud800 \u0000 \u2028 "\\',
		{ "": { "": "" }, status: "failed", deviceId: 7, length: -1 },
		JSON.parse('{"__proto__":{"constructor":null}}'),
		JSON.parse("[".repeat(16) + "]".repeat(16)),
		Array.from({ length: 250 }, (_, n) => n),
	]) {
		const action = answer(200, { status: "assigned", registrationState: { ...ASSIGNED, payload } });
		assert.ok(action.type === "assigned", JSON.stringify(payload));
		assert.deepEqual(action.assignment.payload, payload);
		assert.equal(action.assignment.isPayloadCut, false);
	}
	for (const state of [ASSIGNED, { ...ASSIGNED, payload: null }]) {
		const action = answer(200, { status: "assigned", registrationState: state });
		assert.ok(action.type === "assigned" && action.assignment.payload === undefined);
	}
});

test("an assignment said twice, with too much payload and then as a text, is refused for that text", () => {
	const registration = begin({ maxMessageBytes: 1024 });
	const response = registration.take("$dps/registrations/res/200/?$rid=1");
	assert.ok(response);
	const first = JSON.stringify({ ...ASSIGNED, payload: "p".repeat(5000) });
	const action = answered(
		registration,
		response,
		utf8(`{"status":"assigned","registrationState":${first},"registrationState":"text"}`),
	);
	assert.ok(action.type === "failed" && action.fault.code === "dps.response", JSON.stringify(action));
	assert.match(action.fault.message, /registrationState/);
});

test("a payload that is more than a device takes is left out, and said to be: the assignment stands", () => {
	for (const payload of [
		JSON.parse("[".repeat(17) + "]".repeat(17)),
		Array.from({ length: 257 }, () => 0),
		Array.from({ length: 100 }, () => ({})),
		Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`k${n}`, "on"])),
		{ a: [JSON.parse(`${'{"a":'.repeat(30)}1${"}".repeat(30)}`)] },
	]) {
		const action = answer(200, { status: "assigned", registrationState: { ...ASSIGNED, payload } });
		assert.ok(action.type === "assigned", JSON.stringify(payload));
		assert.deepEqual([action.assignment.payload, action.assignment.isPayloadCut], [undefined, true]);
	}
});

test("of all payloads so many different names are taken where they stay in the engine; one that brings more is left out", () => {
	const registration = begin({ names: new Names(3, 100, new Uint8Array(8)) });
	const assigned = (payload: unknown) => {
		const response = registration.take(`$dps/registrations/res/200/?$rid=${rid++}`)!;
		const body = { status: "assigned", registrationState: { ...ASSIGNED, payload } };
		const action = answered(registration, response, utf8(JSON.stringify(body)));
		registration.poll();
		return action.type === "assigned" && [action.assignment.payload, action.assignment.isPayloadCut];
	};
	let rid = 1;
	// The first is the payload's own.
	assert.deepEqual(assigned({ a: 1, b: 2 }), [{ a: 1, b: 2 }, false]);
	assert.deepEqual(assigned({ a: 1, c: 2 }), [undefined, true]);
	assert.deepEqual(assigned({ b: 1 }), [{ b: 1 }, false]);
	assert.deepEqual(assigned("c"), ["c", false]);
});

test("of an answer only what is used is made, under names that are known, whatever else stands where it should", () => {
	const x = { x1: 1, x2: { x3: [] } };
	const state = {
		...{ assignedHub: x, deviceId: x, status: [x], connectionProfile: x, errorCode: x, errorMessage: x, x4: "t" },
		trustBundle: { x5: "t", id: x, etag: [x], certificates: [{ x6: "t", x7: x }] },
	};
	for (const body of [
		{ ...{ operationId: x, status: x, errorCode: x, message: x, x8: "t" }, registrationState: state },
		{ status: "assigned", registrationState: [x] },
	]) {
		const reader = new BodyReader(parseResponseTopic("$dps/registrations/res/202/?$rid=1")!, 2048, undefined);
		reader.push(utf8(JSON.stringify(body)));
		assert.doesNotMatch(JSON.stringify(reader.answer().body), /x\d/);
	}
	const chains: unknown[] = [{ x1: "t" }, [{ x1: "t" }], [["t"]]];
	const bundles: unknown[] = [[x], { certificates: x }, { certificates: Array.from({ length: 18 }, () => ({})) }];
	for (const [name, value] of [
		...chains.map((chain) => ["issuedCertificateChain", chain]),
		...bundles.map((bundle) => ["trustBundle", bundle]),
	]) {
		const action = answer(200, { status: "assigned", registrationState: { ...ASSIGNED, [String(name)]: value } });
		assert.ok(action.type === "failed" && action.fault.code === "dps.response", JSON.stringify(value));
	}
});

test("device ids: what IoT Hub takes and a topic can carry; anything else is refused by name", () => {
	const assigned = (deviceId: string) =>
		answer(200, { status: "assigned", registrationState: { ...ASSIGNED, deviceId } });
	for (const id of ["a", "a;b", "-.%_*?!(),:;=@$'", "x".repeat(128)]) assert.equal(assigned(id).type, "assigned", id);
	for (const [id, said] of [
		["light#1", /"#" at position 6/],
		["(+44)09080", /"\+" at position 2/],
		["a\0b", /at position 2/],
		["a/b", /"\/" at position 2/],
		["a b", /" " at position 2/],
		["gerät", /position 4/],
		["x".repeat(129), /129 characters, at most 128/],
	] as const) {
		const action = assigned(id);
		assert.ok(action.type === "failed" && action.fault.code === "dps.device-id" && said.test(action.fault.message), id);
		assert.equal(action.fault.retryable, false);
	}
});

test("an answer that cannot be understood is not asked for again at the pace of a lost packet: each costs a certificate", () => {
	for (const body of [
		"blue line",
		[],
		{ status: "assigned" },
		{ status: "nonsense" },
		{ status: "assigned", registrationState: 7 },
	]) {
		const action = answer(200, body);
		assert.ok(action.type === "failed" && action.fault.code === "dps.response" && !action.fault.retryable);
	}
});
