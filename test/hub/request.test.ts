/** src/hub/certificates.ts: what a request for a certificate says, and what is refused before it leaves. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "../../src/base/bytes.ts";
import { CertificateRequest, createRequestId } from "../../src/hub/certificates.ts";
import { FakeEntropy } from "../support/entropy.ts";
import { NOW, RID, request, SECOND } from "./request-probe.ts";

test("is published with $rid and exactly the members id and csr, in that order", () => {
	const made = request();
	assert.equal(made.deadline, undefined);
	assert.deepEqual(made.start(NOW), {
		type: "publish",
		topic: `$iothub/credentials/POST/issueCertificate/?$rid=${RID}`,
		payload: utf8('{"id":"my_device","csr":"MIICYTCC"}'),
	});
	assert.equal(made.deadline, NOW + 90 * SECOND);
});

test("ids are 4 to 36 of [A-Za-z0-9-] with no '-' at either end; ours are, and differ", () => {
	const make = (requestId: string) => () =>
		new CertificateRequest({ deviceId: "d", csr: "", requestId, random: Math.random, chainBytes: 0 });
	for (const id of ["", "abc", "-abcd", "abcd-", "ab_cd", "a b c", "x".repeat(37), "äbcd"])
		assert.throws(make(id), { code: "hub.bad-request" }, id);
	const entropy = new FakeEntropy();
	const [one, other] = [createRequestId(entropy), createRequestId(entropy)];
	assert.notEqual(one, other);
	for (const id of ["abcd", "a--d", "x".repeat(36), one, other]) assert.doesNotThrow(make(id));
});

test("a CSR over 8 KB is refused before it is sent", () => {
	const make = (characters: number) => () =>
		new CertificateRequest({
			deviceId: "d",
			csr: "A".repeat(characters),
			requestId: RID,
			random: () => 0,
			chainBytes: 0,
		});
	assert.doesNotThrow(make(10_924));
	assert.throws(make(10_925), { code: "hub.bad-request" });
});
