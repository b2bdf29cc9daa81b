/** src/hub/issuance.ts: certificates in every shape that the sources of dialect C disagree on, topics, timestamps. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createEntity } from "../../cloud/pki.ts";
import { utf8 } from "../../src/base/bytes.ts";
import type { Action } from "../../src/hub/certificates.ts";
import { openAnswer, parseTimestamp } from "../../src/hub/issuance.ts";
import { parseCertificate } from "../../src/x509/certificate.ts";
import { mutations } from "../support/mutate.ts";
import { ACTIVE, answer, asked, fault, HOUR, message, NOW, RES, RID } from "./request-probe.ts";

const span = { notBefore: NOW - HOUR, notAfter: NOW + HOUR };
const root = await createEntity("P-384", { commonName: "Root", role: { kind: "root" }, ...span });
const leaf = await createEntity("P-384", { commonName: "my_device", role: { kind: "client" }, ...span }, root);
const pem = [leaf, root].map(({ certificate }) => certificate.toString("pem"));
const base64 = [leaf, root].map(({ certificate }) => certificate.toString("base64"));

describe("issued", () => {
	for (const [shape, body] of [
		["an object with base64 DER", { correlationId: "x", certificates: base64 }],
		["an object with PEM", { certificates: pem }],
		["a bare array of base64 DER", base64],
		["a bare array of PEM", pem],
		["one PEM text with both", [pem.join("\n")]],
		["an object with members we do not know", { certificates: base64, certificate: 1, next: {} }],
	] as const)
		test(`200 with ${shape}`, () => {
			for (const accepted of [false, true]) {
				const made = asked();
				if (accepted) answer(made, 202, {});
				const action = answer(made, 200, body);
				assert.equal(action?.type, "issued");
				assert.deepEqual(
					(action as Action & { type: "issued" }).certificates.map((der) => parseCertificate(der).commonName),
					["my_device", "Root"],
				);
				assert.equal(made.deadline, undefined);
				assert.equal(answer(made, 200, body), undefined, "a duplicate says nothing new");
			}
		});

	for (const topic of [
		`${RES}/200/?$rid=${RID}`,
		`${RES}/200/?$rid=${RID}&$version=1`,
		`${RES}/200/?$version=1&$rid=${RID}`,
		`${RES}/200/?a&b=&$version=1&$rid=${RID}&retry-after=3`,
		`${RES}/200/${RID}`,
	])
		test(`topic ${topic}`, () => {
			assert.equal(message(asked(), topic, utf8(JSON.stringify(base64)), NOW, NOW)?.type, "issued");
		});

	for (const topic of [
		`${RES}/200/?$rid=other`,
		`${RES}/200/?$rid=${RID}x`,
		`${RES}/200/?rid=${RID}`,
		`${RES}/200/?$rid:${RID}`,
		`${RES}/200/?$version=1`,
		`${RES}/200/`,
		`${RES}/2000/?$rid=${RID}`,
		`${RES}/ok/?$rid=${RID}`,
		`${RES}/20/?$rid=${RID}`,
		`${RES}/200?$rid=${RID}`,
		`${RES}/200/?$rid=${RID}&${"x".repeat(512)}`,
		`$iothub/twin/res/200/?$rid=${RID}`,
		"devices/my_device/messages/devicebound/",
	])
		test(`topic ${topic} is somebody else's`, () => {
			assert.equal(message(asked(), topic, utf8(JSON.stringify(base64)), NOW, NOW), undefined);
		});

	for (const [why, body] of [
		["no JSON", "{"],
		["an empty body", ""],
		["null", "null"],
		["a number", "7"],
		["no certificates", {}],
		["an empty array", []],
		["certificates that are no array", { certificates: base64[0] }],
		["certificates that are no strings", [1]],
		["a certificate that cannot be read", ["AAAA"]],
		["six certificates", Array(6).fill(base64[0])],
		["six certificates in one text", [Array(6).fill(pem[0]).join("\n")]],
		["more than 32 KB", `["${"A".repeat(33_000)}"]`],
	] as const)
		test(`200 with ${why} is refused`, () => {
			const made = asked();
			assert.match(fault(answer(made, 200, body)).code, /^(hub\.response|x509\.(certificate|der))$/);
			assert.equal(made.deadline, undefined);
		});
});

test("timestamps: RFC 3339 in UTC with 0 to 9 fraction digits, truncated to milliseconds", () => {
	const second = Date.UTC(2025, 5, 9, 17, 31, 31);
	for (const [text, expected] of [
		["2025-06-09T17:31:31Z", second],
		["2025-06-09T17:31:31.4Z", second + 400],
		["2025-06-09T17:31:31.426Z", second + 426],
		["2025-06-09T17:31:31.4265747Z", second + 426],
		["2025-06-09T17:31:31.426574675Z", second + 426],
		["2025-06-09T17:31:31.009999999Z", second + 9],
		["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
	] as const)
		assert.equal(parseTimestamp(text), expected, text);
	for (const wrong of [
		"2025-06-09T17:31:31.Z",
		"2025-06-09T17:31:31.1234567890Z",
		"2025-06-09T17:31:31",
		"2025-06-09T17:31:31+00:00",
		"2025-06-09 17:31:31Z",
		"2025-02-30T00:00:00Z",
		"2025-02-29T00:00:00Z",
		"2025-13-01T00:00:00Z",
		"2025-06-09T24:00:00Z",
		"2025-06-09T17:60:00Z",
		"2025-06-09T17:31:60Z",
		"",
		1749490291,
		null,
		undefined,
		{},
	])
		assert.equal(parseTimestamp(wrong), undefined, String(wrong));
});

test("spoiled answers end in an answer or in a Fault, never in anything else", () => {
	const bodies = [
		[200, JSON.stringify({ correlationId: "x", certificates: base64 })],
		[200, JSON.stringify(pem)],
		[202, JSON.stringify({ operationExpires: "2026-01-31T12:00:00.565000000Z" })],
		[409, JSON.stringify({ errorCode: 409005, retryAfter: 5, info: { ...ACTIVE, requestId: RID } })],
	] as const;
	for (const [status, body] of bodies) {
		for (const spoiled of mutations(utf8(body), 1500)) {
			try {
				const reader = openAnswer(`${RES}/${status}/?$rid=${RID}`, RID, 8192);
				reader!.push(spoiled);
				assert.ok(reader!.answer());
			} catch (thrown) {
				assert.match(String(thrown), /^Fault: (hub\.response|x509\.(certificate|der|pem)): /);
				assert.equal(status, 200);
			}
		}
	}
});
