/** A CertificateRequest by itself, for tests: asked at NOW, answered by hand. The ticks go with the wall clock, unless said. */
import assert from "node:assert/strict";
import { utf8, utf8Text } from "../../src/base/bytes.ts";
import type { Fault } from "../../src/fault.ts";
import { type Action, CertificateRequest } from "../../src/hub/certificates.ts";

export const NOW = Date.UTC(2026, 0, 31);
export const SECOND = 1000;
export const HOUR = 3600 * SECOND;
export const RID = "aabb-0123";
const PIECE = 300;
export const RES = "$iothub/credentials/res";

export function request(random = 0) {
	return new CertificateRequest({
		deviceId: "my_device",
		csr: "MIICYTCC",
		requestId: RID,
		random: () => random,
		chainBytes: 8192,
	});
}

/** One that has been published at NOW. */
export function asked(random = 0) {
	const made = request(random);
	made.start(NOW);
	return made;
}

export const answer = (
	made: CertificateRequest,
	status: number,
	body: unknown,
	now = NOW,
	rid = RID,
	ticks = now,
): Action | undefined => {
	const payload = utf8(typeof body === "string" ? body : JSON.stringify(body));
	return message(made, `${RES}/${status}/?$rid=${rid}`, payload, ticks, now);
};

/** In pieces, as a large one comes. */
export function message(
	made: CertificateRequest,
	topic: string,
	payload: Uint8Array,
	ticks: number,
	now: number,
): Action | undefined {
	const reader = made.open(topic);
	for (let at = 0; at < payload.length; at += PIECE) reader?.push(payload.subarray(at, at + PIECE));
	return reader && made.onAnswer(reader, ticks, now);
}

export const refuse = (made: CertificateRequest, errorCode: number, more: object = {}, now = NOW): Action | undefined =>
	answer(made, Math.floor(errorCode / 1000), { errorCode, message: "said so", info: null, ...more }, now);

export const ACTIVE = { correlationId: "x", operationExpires: "2026-01-31T06:00:00.5Z" };
export const wait = (ms: number): Action => ({ type: "wait", untilTicks: NOW + ms });
export const fault = (action: Action | undefined): Fault => {
	assert.equal(action?.type, "failed");
	return (action as { fault: Fault }).fault;
};
export const bodyOf = (action: Action | undefined): unknown => {
	assert.equal(action?.type, "publish");
	return JSON.parse(utf8Text((action as { payload: Uint8Array }).payload));
};
export const PLAIN = { id: "my_device", csr: "MIICYTCC" };
export const REPLACE = { ...PLAIN, replace: "*" };
