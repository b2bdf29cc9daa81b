import assert from "node:assert/strict";
import { test } from "node:test";
import { type Noted, note, told } from "../../src/hub/noted.ts";
import { FAULTS } from "../../src/remedies.ts";

const NOW = Date.UTC(2026, 0, 1);
const noted = (...faults: readonly (readonly [code: string, message: string])[]): readonly Noted[] =>
	faults.reduce<readonly Noted[]>((all, [code, text]) => note(all, { code, message: `${code}: ${text}` }, NOW), []);

test("the last five, newest first, each code once with its count and remedy; what is no Fault is none", () => {
	const codes = ["wire.dns", "hub.closed", "hub.timeout", "wire.dns", "ota.uri", "dps.failed", "store.low", "no.such"];
	const all = told(noted(...codes.map((code) => [code, "m"] as const))) as { code: string }[];
	assert.deepEqual(
		all.map(({ code }) => code),
		["store.low", "dps.failed", "ota.uri", "wire.dns", "hub.timeout"],
	);
	assert.deepEqual(all[3], {
		code: "wire.dns",
		count: 2,
		at: "2026-01-01T00:00:00.000Z",
		remedy: FAULTS["wire.dns"],
	});
});

test("of what was too large the topic and the size are said, of the last one, as far as they have room", () => {
	const text = `60041 bytes for devices/d/${"m".repeat(160)}`;
	const messages = noted(["hub.too-large", "before"], ["hub.too-large", text], ["wire.dns", "no such host"]);
	assert.deepEqual(
		messages.map(({ message }) => message),
		[undefined, text.slice(0, 160)],
	);
});
