/** The local cloud's DPS: requests and their answers, dialects, faults. Chains are judged by OpenSSL. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { chainPem, makeCsr, Probe, register, sas } from "./cloud-probe.ts";

let cloud: Cloud;
before(async () => {
	cloud = await startCloud({ retryAfterSeconds: 0 });
});
after(() => cloud.close());

test("a CSR is answered with a P-384 chain that OpenSSL verifies", { skip: noOpenssl() }, async () => {
	const csr = await makeCsr("dev-001");
	const answer = await register(cloud, "dev-001", { registrationId: "dev-001", csr: csr.base64 });
	assert(answer !== "closed");
	const { registrationState } = answer.json;
	assert.equal(registrationState.status, "assigned");
	assert.equal(registrationState.assignedHub, `localhost:${cloud.port}`);
	assert.equal(registrationState.deviceId, "dev-001");
	assert.doesNotMatch(JSON.stringify(answer.json), /\\\//);
	const chain: string[] = registrationState.issuedCertificateChain;
	assert.equal(chain.length, 3);
	const leaf = new X509Certificate(Buffer.from(chain[0]!, "base64"));
	assert.deepEqual(leaf.publicKey.export({ type: "spki", format: "der" }), Buffer.from(csr.spki));
	assert.match(verifyWithOpenssl(chain, cloud.deviceCa), /: OK/);
	const text = opensslText(chain[1]!);
	assert.match(text, /ecdsa-with-SHA384/);
	assert.match(text, /secp384r1/);
});

test("P-384 and RSA keys are issued for; P-521 is refused", async () => {
	for (const algorithm of ["P-384", "RSA"] as const) {
		const csr = await makeCsr("dev-001", algorithm);
		const answer = await register(cloud, "dev-001", { csr: csr.base64 });
		assert(answer !== "closed");
		const leaf = new X509Certificate(Buffer.from(answer.json.registrationState.issuedCertificateChain[0], "base64"));
		assert.deepEqual(leaf.publicKey.export({ type: "spki", format: "der" }), Buffer.from(csr.spki));
	}
	const refused = await register(cloud, "dev-001", { csr: (await makeCsr("dev-001", "P-521")).base64 });
	assert(refused !== "closed");
	assert.equal(refused.json.errorCode, 400040);
	assert.equal(refused.json.info.credentialError, "CsrKeyNotSupported");
});

test("dialect A is answered in PEM with a trust bundle, under every api-version", async () => {
	for (const apiVersion of ["2021-11-01-preview", "2019-03-31", "2025-07-01-preview"]) {
		const csr = await makeCsr("dev-001");
		const answer = await register(
			cloud,
			"dev-001",
			{ registrationId: "dev-001", clientCertificateCsr: csr.pem },
			{ apiVersion },
		);
		assert(answer !== "closed");
		const { issuedClientCertificate, trustBundle, issuedCertificateChain } = answer.json.registrationState;
		assert.equal(issuedCertificateChain, undefined);
		assert.match(issuedClientCertificate, /^-----BEGIN CERTIFICATE-----\r\n/);
		const leaf = new X509Certificate(issuedClientCertificate);
		assert.deepEqual(leaf.publicKey.export({ type: "spki", format: "der" }), Buffer.from(csr.spki));
		const root = new X509Certificate(trustBundle.certificates[0].certificate);
		assert.equal(root.fingerprint256, new X509Certificate(readFileSync(cloud.deviceCa)).fingerprint256);
	}
});

test("dialect D says the connection profile; the others do not", async () => {
	const profile = async (apiVersion: string) => {
		const answer = await register(cloud, "dev-001", "", { apiVersion });
		assert(answer !== "closed");
		return answer.json.registrationState.connectionProfile;
	};
	assert.equal(await profile("2026-11-02-preview"), "classic");
	assert.equal(await profile("2025-07-01-preview"), undefined);
	cloud.arm("profile-mqttV5:1");
	assert.equal(await profile("2026-11-02-preview"), "mqttV5");
});

test("an empty body registers without a certificate", async () => {
	const answer = await register(cloud, "dev-001", "", { apiVersion: "2019-03-31" });
	assert(answer !== "closed");
	assert.equal(answer.json.registrationState.status, "assigned");
	assert.equal(answer.json.registrationState.issuedCertificateChain, undefined);
});

test("broken requests are refused with the service's errors", async () => {
	const good = await makeCsr("dev-001");
	const tampered = Buffer.from(good.der);
	tampered[tampered.length - 1]! ^= 1;
	// ecdsa-with-SHA256 becomes an algorithm that does not exist.
	const unknown = Buffer.from(good.der);
	unknown[unknown.lastIndexOf(Buffer.from("2a8648ce3d040302", "hex")) + 7] = 0x7f;
	const cases: [string, object | string, number, string?][] = [
		["not JSON", "{", 400006],
		["an array", "[]", 400004],
		["another id", { registrationId: "dev-002" }, 400004],
		["not base64", { csr: "***" }, 400040, "FailedToDecodeCsr"],
		["not PKCS#10", { csr: Buffer.from("hello").toString("base64") }, 400040, "FailedToDecodeCsr"],
		["truncated", { csr: Buffer.from(good.der.subarray(0, 100)).toString("base64") }, 400040],
		["trailing bytes", { csr: Buffer.concat([good.der, Buffer.alloc(3)]).toString("base64") }, 400040],
		["bad signature", { csr: tampered.toString("base64") }, 400040, "CsrSignatureVerificationFailed"],
		["unknown algorithm", { csr: unknown.toString("base64") }, 400040, "CsrSignatureVerificationFailed"],
		["foreign name", { csr: (await makeCsr("dev-002")).base64 }, 400040, "CsrCommonNameMismatch"],
		["too large", { csr: Buffer.alloc(8193, 0x30).toString("base64") }, 400040, "CsrTooLarge"],
		["PEM as csr", { csr: good.pem }, 400040],
		["base64 as PEM", { clientCertificateCsr: good.base64 }, 400040],
		["PEM that does not end", { clientCertificateCsr: good.pem.slice(0, -10) }, 400040, "FailedToDecodeCsr"],
		["PEM in blanks", { clientCertificateCsr: good.pem + " ".repeat(33_000) }, 400040, "FailedToDecodeCsr"],
	];
	for (const [name, body, errorCode, credentialError] of cases) {
		const answer = await register(cloud, "dev-001", body);
		assert(answer !== "closed", name);
		assert.equal(answer.json.errorCode, errorCode, name);
		if (credentialError !== undefined) assert.equal(answer.json.info.credentialError, credentialError, name);
		assert.match(answer.topic, /res\/400\//, name);
		const isJudged = !JSON.stringify(answer.json).includes("nothing says that it is wrong");
		assert.equal(isJudged, name !== "unknown algorithm", name);
	}
});

test("retry-after and the number of polls are as configured", async () => {
	const slow = await startCloud({ retryAfterSeconds: 7, polls: 3 });
	try {
		const probe = await Probe.dial(slow);
		const password = sas(`${slow.idScope}/registrations/dev-001`, slow.symmetricKey);
		const username = `${slow.idScope}/registrations/dev-001/api-version=2019-03-31`;
		assert.equal(await probe.connect({ username, clientId: "dev-001", password }), 0);
		assert.equal(await probe.subscribe("$dps/registrations/res/#", 2), 1);
		await probe.publish("$dps/registrations/PUT/iotdps-register/?$rid=1", "");
		for (let answers = 0; answers < 3; answers++) {
			const answer = await probe.message("$dps/");
			assert(answer !== "closed");
			assert.equal(answer.json.status, "assigning");
			assert.match(answer.topic, /res\/202\/\?\$rid=[1x]&retry-after=7$/);
			const query = `?$rid=x&operationId=${answer.json.operationId}`;
			await probe.publish(`$dps/registrations/GET/iotdps-get-operationstatus/${query}`, " ");
		}
		const last = await probe.message("$dps/");
		assert(last !== "closed");
		assert.equal(last.topic, "$dps/registrations/res/200/?$rid=x");
		assert.equal(last.json.status, "assigned");
		probe.close();
		const polls = slow.events.filter((event) => event.event === "poll");
		assert.equal(polls.length, 3);
		assert(polls.every((poll) => poll.event === "poll" && poll.early));
	} finally {
		await slow.close();
	}
});

test("a state folder continues: same authority, keys and files", async () => {
	const stateFolder = mkdtempSync(join(tmpdir(), "enrollee-test-"));
	try {
		const first = await startCloud({ stateFolder });
		await first.close();
		const root = readFileSync(first.deviceCa, "utf8");
		const second = await startCloud({ stateFolder });
		await second.close();
		assert.equal(readFileSync(second.deviceCa, "utf8"), root);
		assert.equal(second.symmetricKey, first.symmetricKey);
		assert.equal(second.groupKey, first.groupKey);
	} finally {
		rmSync(stateFolder, { recursive: true });
	}
});

test("P-256 issuing and an RSA server chain on request", { skip: noOpenssl() }, async () => {
	const other = await startCloud({ issuing: "P-256", tlsKey: "rsa", retryAfterSeconds: 0, polls: 0 });
	try {
		const csr = await makeCsr("dev-001");
		const answer = await register(other, "dev-001", { csr: csr.base64 });
		assert(answer !== "closed");
		const chain: string[] = answer.json.registrationState.issuedCertificateChain;
		assert.match(opensslText(chain[1]!), /ecdsa-with-SHA256/);
		assert.match(verifyWithOpenssl(chain, other.deviceCa), /: OK/);
		assert.equal(new X509Certificate(readFileSync(other.rootCa)).publicKey.asymmetricKeyType, "rsa");
	} finally {
		await other.close();
	}
});

function verifyWithOpenssl(chain: string[], anchor: string): string {
	const folder = mkdtempSync(join(tmpdir(), "enrollee-test-"));
	try {
		const [leaf, rest] = [join(folder, "leaf.pem"), join(folder, "rest.pem")];
		writeFileSync(leaf, chainPem(chain.slice(0, 1)));
		writeFileSync(rest, chainPem(chain.slice(1)));
		const purpose = ["-purpose", "sslclient", "-x509_strict"];
		return execFileSync("openssl", ["verify", ...purpose, "-CAfile", anchor, "-untrusted", rest, leaf]).toString();
	} finally {
		rmSync(folder, { recursive: true });
	}
}

function opensslText(certificate: string): string {
	return execFileSync("openssl", ["x509", "-inform", "DER", "-noout", "-text"], {
		input: Buffer.from(certificate, "base64"),
	}).toString();
}

function noOpenssl(): string | false {
	try {
		execFileSync("openssl", ["version"]);
		return false;
	} catch {
		return "SKIPPED: no openssl";
	}
}
