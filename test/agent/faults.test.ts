/** What fails on the way to a certificate is named, and leaves the stored credential as it was. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { startCloud } from "../../cloud/cloud.ts";
import { Device, withCloud } from "../support/device.ts";

describe("what fails is named and leaves the stored credential as it was", () => {
	for (const [fault, code] of [
		["expired-server-cert", "tls.expired"],
		["wrong-server-name", "tls.name"],
		["untrusted-server", "tls.untrusted"],
		["connack=1", "mqtt.version"],
		["connack=2", "mqtt.client-id"],
		["connack=3", "mqtt.unavailable"],
		["connack=4", "dps.unauthorized"],
		["connack=5", "dps.unauthorized"],
		["throttle", "dps.throttled"],
		["unavailable", "dps.unavailable"],
		["disabled", "dps.disabled"],
		["not-found", "dps.not-found"],
		["failed", "dps.failed"],
		["csr-rejected", "dps.csr-rejected"],
		["csr-rejected=late", "dps.csr-rejected"],
		["profile-mqttV5", "dps.profile"],
		["foreign-key", "cert.key-mismatch"],
		["wrong-cn", "cert.name-mismatch"],
		["expired-cert", "cert.expired"],
		["no-chain", "cert.missing"],
		["drop-after=tcp", "wire.closed"],
		["drop-after=tls", "wire.closed"],
		["drop-after=CONNECT", "mqtt.closed"],
		["drop-after=CONNACK", "mqtt.closed"],
		["drop-after=SUBSCRIBE", "mqtt.closed"],
		["drop-after=SUBACK", "mqtt.closed"],
		["drop-after=REGISTER", "mqtt.closed"],
		["drop-after=PUBACK", "mqtt.closed"],
	] as const)
		test(`${fault}: ${code}`, () =>
			withCloud({}, async (cloud) => {
				const device = new Device(cloud);
				assert.equal((await device.once()).fault, undefined);
				const before = new Map(device.store.blobs);
				cloud.arm(fault);
				const fresh = new Device(cloud);
				assert.equal((await fresh.once()).fault?.code, code);
				assert.deepEqual(
					[...fresh.store.blobs.keys()].filter((name) => name !== "cred.pending"),
					[],
				);
				// Its certificate is no longer accepted, so it enrols again, in vain.
				cloud.operator.withdraw(cloud.registrationId, "revoked");
				assert.ok((await device.once()).fault);
				before.delete("cred.pending");
				const left = new Map(device.store.blobs);
				left.delete("cred.pending");
				assert.deepEqual(left, before);
				// Once the fault is gone the same key is certified, not a new one.
				cloud.disarm();
				const pending = fresh.journal.pending?.key.publicKey;
				assert.equal((await fresh.once()).fault, undefined);
				const { key } = fresh.journal.current!;
				if (pending) assert.deepEqual("signer" in key && key.signer.publicKey, pending);
			}));

	for (const [fault, code] of [
		["drop-after=ASSIGNING", "mqtt.closed"],
		["drop-after=POLL", "mqtt.closed"],
	] as const)
		test(`${fault}: ${code}`, () =>
			withCloud({ polls: 1, faults: [fault] }, async (cloud) => {
				const device = new Device(cloud);
				assert.equal((await device.once()).fault?.code, code);
				assert.deepEqual([...device.store.blobs.keys()], ["cred.pending"]);
			}));

	test("a wrong symmetric key: dps.unauthorized, and neither key nor token in message, cause or log", () =>
		withCloud({}, async (cloud) => {
			const symmetricKey = Buffer.alloc(32, 0x5a).toString("base64");
			const run = await new Device(cloud).once({ symmetricKey });
			assert.equal(run.fault?.code, "dps.unauthorized");
			const said = inspect({ ...run, message: run.fault?.message }, { depth: 20, showHidden: true });
			assert.ok(!said.includes(symmetricKey) && !said.includes("SharedAccessSignature") && !said.includes("sig="));
		}));

	test("a host name that is not in the certificate: tls.name", () =>
		withCloud({}, async (cloud) => {
			const run = await new Device(cloud).once({ dps: `localhost.localdomain:${cloud.port}` });
			assert.ok(["tls.name", "wire.dns"].includes(run.fault?.code ?? ""), run.fault?.message);
		}));

	test("nobody listens: wire.refused", async () => {
		const cloud = await startCloud();
		const device = new Device(cloud);
		const ca = readFileSync(cloud.rootCa, "utf8");
		await cloud.close();
		assert.equal((await device.once({ ca })).fault?.code, "wire.refused");
	});

	test("no way to onboard: config.missing names the fields", () =>
		withCloud({}, async (cloud) => {
			const run = await new Device(cloud).once({ symmetricKey: undefined });
			assert.match(run.fault?.message ?? "", /config\.missing: symmetricKey, or onboardingCert/);
		}));
});
