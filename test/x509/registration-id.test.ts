/** Which registration ids a device may have: what DPS takes and a certificate's common name holds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { idProblem } from "../../cloud/enrolments.ts";
import * as entropy from "../../hw/node/entropy.ts";
import { Fault } from "../../src/fault.ts";
import { generateKeyPair } from "../../src/key/pair.ts";
import { checkRegistrationId, encodeCsr } from "../../src/x509/csr.ts";
import { isFault } from "../support/random.ts";

const key = generateKeyPair(entropy);

test("registration ids: what DPS and a common name allow, and the rule that was broken", () => {
	for (const id of ["a", "A-1", "dev_1.2:3-", "a-", "0".repeat(64)]) checkRegistrationId(id);
	for (const [id, rule] of [
		["", /is empty/],
		["x".repeat(65), /common name holds 64/],
		["x".repeat(128), /common name holds 64/],
		["x".repeat(129), /DPS allows 128/],
		["dev 1", /" " at position 4/],
		["dev/1", /"\/" at position 4/],
		["gerät", /"ä" at position 4/],
		["dev\0", /position 4/],
		["dev\n", /position 4/],
		["-bad-", /begins with "-"/],
		["-", /begins with "-"/],
		[".dev", /begins with "\."/],
		["_dev", /begins with "_"/],
		[":dev", /begins with ":"/],
		["dev.", /ends with "\."/],
		["dev_", /ends with "_"/],
		["dev:", /ends with ":"/],
	] as const) {
		for (const refuse of [() => checkRegistrationId(id), () => void encodeCsr(id, key)])
			assert.throws(
				refuse,
				(thrown) => thrown instanceof Fault && thrown.code === "x509.registration-id" && rule.test(thrown.message),
				id,
			);
	}
});

test("registration ids: one rule for the device and the local cloud's DPS", () => {
	const letters = "aZ0-._: %";
	const ids = [...letters].flatMap((a) => [
		a,
		...[...letters].flatMap((b) => [a + b, ...[...letters].map((c) => a + b + c)]),
	]);
	for (const id of ids) {
		const refuse = () => checkRegistrationId(id);
		if (idProblem(id) === undefined) refuse();
		else assert.throws(refuse, isFault("x509.registration-id"), id);
	}
});
