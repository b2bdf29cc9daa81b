/** Who may register at the local cloud's DPS: by certificate, by key, and who may not. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { makeCsr, Probe, register, sas } from "./cloud-probe.ts";

let cloud: Cloud;
before(async () => {
	cloud = await startCloud({ retryAfterSeconds: 0 });
});
after(() => cloud.close());

test("the onboarding certificate registers; for another registration id it does not", async () => {
	const identity = { cert: readFileSync(cloud.onboardingCert, "utf8"), key: readFileSync(cloud.onboardingKey, "utf8") };
	const csr = await makeCsr("dev-001");
	const good = await register(cloud, "dev-001", { csr: csr.base64 }, { identity });
	assert(good !== "closed");
	assert.equal(good.json.status, "assigned");
	const bad = await register(cloud, "dev-002", { csr: csr.base64 }, { identity });
	assert(bad !== "closed");
	assert.equal(bad.json.errorCode, 401002);
});

test("a key derived from the group key registers any other device", async () => {
	const key = createHmac("sha256", Buffer.from(cloud.groupKey, "base64")).update("dev-777").digest("base64");
	const csr = await makeCsr("dev-777");
	const answer = await register(cloud, "dev-777", { csr: csr.base64 }, { key });
	assert(answer !== "closed");
	assert.equal(answer.json.registrationState.deviceId, "dev-777");
});

test("tokens are checked over sr exactly as sent, however it was encoded", async () => {
	const resource = `${cloud.idScope}/registrations/dev-001`;
	for (const encode of [
		(text: string) => text,
		encodeURIComponent,
		(text: string) => encodeURIComponent(text).toLowerCase(),
	]) {
		const answer = await register(cloud, "dev-001", "", { password: sas(resource, cloud.symmetricKey, { encode }) });
		assert(answer !== "closed");
		assert.equal(answer.json.status, "assigned");
	}
});

test("wrong key, expired token, another resource, unknown scope, no credential: 401", async () => {
	const resource = `${cloud.idScope}/registrations/dev-001`;
	const passwords = [
		sas(resource, cloud.groupKey),
		sas(resource, cloud.symmetricKey, { se: 1_000_000_000 }),
		sas(`${cloud.idScope}/registrations/dev-002`, cloud.symmetricKey),
		"",
		"SharedAccessSignature sr=%E0%A4%A&sig=x&se=9999999999",
		undefined,
	];
	const own = sas(resource, cloud.symmetricKey);
	const cases = [...passwords.map((password) => [cloud.idScope, password] as const), ["0ne00FFFFFF", own] as const];
	for (const [idScope, password] of cases) {
		const probe = await Probe.dial(cloud);
		const username = `${idScope}/registrations/dev-001/api-version=2019-03-31`;
		const secret = password === undefined ? {} : { password };
		assert.equal(await probe.connect({ username, clientId: "dev-001", ...secret }), 0);
		await probe.subscribe("$dps/registrations/res/#");
		await probe.publish("$dps/registrations/PUT/iotdps-register/?$rid=1", "");
		const answer = await probe.message("$dps/");
		assert(answer !== "closed");
		assert.equal(answer.json.errorCode, 401002, `${idScope} ${password}`);
		assert.match(answer.topic, /^\$dps\/registrations\/res\/401\/\?\$rid=1$/);
		probe.close();
	}
});
