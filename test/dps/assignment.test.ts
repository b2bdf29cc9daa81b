/** What DPS assigns: any payload, device ids that a topic can carry, and nothing that would have the device ask again at once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "../../src/base/bytes.ts";
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
