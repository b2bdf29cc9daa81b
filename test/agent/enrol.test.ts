/** The agent enrols with the local cloud, over real TLS, MQTT and certificates: what each end saw. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { createWire } from "../../hw/node/wire.ts";
import { utf8Text } from "../../src/base/bytes.ts";
import type { Wire, WireOptions } from "../../src/port.ts";
import { parseCertificate } from "../../src/x509/certificate.ts";
import { Device, withCloud } from "../support/device.ts";

describe("a fresh device", () => {
	let cloud: Cloud;
	before(async () => {
		cloud = await startCloud({ polls: 1 });
	});
	after(() => cloud.close());

	test("enrols by its symmetric key, and the second run uses the stored certificate", async () => {
		const device = new Device(cloud);
		assert.equal((await device.once()).fault, undefined);
		assert.equal(cloud.registrations.length, 1);
		assert.equal(cloud.registrations[0]!.csr, "csr");
		const [dps, hub] = cloud.connections;
		assert.deepEqual([dps!.service, dps!.credential, dps!.clean], ["dps", "sas", true]);
		assert.deepEqual(
			[hub!.service, hub!.credential, hub!.clean, hub!.apiVersion],
			["hub", "x509", false, "2025-08-01-preview"],
		);
		assert.equal(utf8Text(cloud.telemetry[0]!.body), '{"hello":"hub"}');
		assert.deepEqual({ ...cloud.telemetry[0]!.properties }, { "$.ct": "application/json", "$.ce": "utf-8" });
		assert.equal(cloud.telemetry[0]!.qos, 1);

		assert.equal((await device.once()).fault, undefined);
		assert.equal(cloud.registrations.length, 1);
		assert.equal(cloud.telemetry.length, 2);
		assert.match(hub!.serial!, /^[0-9A-F]+$/);
		assert.equal(cloud.connections.at(-1)!.serial, hub!.serial);
		const { current, candidate, pending } = device.journal;
		assert.ok(current && !candidate && !pending);
		assert.equal(current.sequence, 1);
		assert.equal(current.chain.length, 3);
	});

	test("enrols by a key derived from a group key", async () => {
		const device = new Device(cloud);
		const run = await device.once({ registrationId: "group-device-7", groupKey: cloud.groupKey });
		assert.equal(run.fault, undefined);
		assert.equal(device.journal.current!.deviceId, "group-device-7");
	});

	test("by an individual key enrols in any case, as one device; with a group's key in another case it learns why not", async () => {
		const device = new Device(cloud);
		assert.equal((await device.once({ registrationId: "Dev-001" })).fault, undefined);
		assert.equal(device.journal.current!.deviceId, "dev-001");
		// Derived elsewhere, from the id as the device writes it.
		const symmetricKey = createHmac("sha256", Buffer.from(cloud.groupKey, "base64")).update("Dev-8").digest("base64");
		const { fault } = await new Device(cloud).once({ registrationId: "Dev-8", symmetricKey });
		assert.equal(fault?.code, "dps.unauthorized");
		assert.match(fault?.message ?? "", /registration id Dev-8: write it in lower case, dev-8/);
	});

	test("enrols by an onboarding certificate, key in a file of its own or beside it", async () => {
		const onboardingCert = readFileSync(cloud.onboardingCert, "utf8");
		const onboardingKey = readFileSync(cloud.onboardingKey, "utf8");
		for (const input of [{ onboardingCert, onboardingKey }, { onboardingCert: onboardingCert + onboardingKey }]) {
			const seen = cloud.connections.length;
			assert.equal((await new Device(cloud).once(input)).fault, undefined);
			assert.equal(cloud.connections[seen]!.credential, "x509");
		}
	});

	for (const [dialect, member] of [
		["2021-11-01-preview", "clientCertificateCsr"],
		["2025-07-01-preview", "csr"],
		["2026-11-02-preview", "csr"],
	] as const)
		test(`speaks ${dialect}`, async () => {
			const device = new Device(cloud);
			assert.equal((await device.once({ dialect })).fault, undefined);
			const registration = cloud.registrations.at(-1)!;
			assert.deepEqual([registration.apiVersion, registration.csr], [dialect, member]);
			// The trust bundle is kept with the credential of the dialect that has one.
			assert.equal(device.journal.current!.trustBundle !== undefined, dialect === "2021-11-01-preview");
		});

	test("a trust bundle is no anchor, unless the configuration says so; then it is trusted on top of the others", async () => {
		for (const trustBundle of ["keep", "install"]) {
			const device = new Device(cloud);
			const asked: WireOptions[] = [];
			const real = createWire();
			const wire: Wire = {
				connect(options, events) {
					asked.push(options);
					return real.connect(options, events);
				},
			};
			assert.equal((await device.once({ dialect: "2021-11-01-preview", trustBundle }, { wire })).fault, undefined);
			const bundle = device.journal.current!.trustBundle!.certificates;
			const [dps, hub] = asked;
			assert.ok(bundle.length > 0);
			assert.equal(dps!.additionalAnchors, undefined);
			assert.deepEqual(hub!.additionalAnchors, trustBundle === "install" ? bundle : undefined);
			assert.deepEqual(hub!.anchors, dps!.anchors);
		}
	});

	test("a renewal over the hub keeps what only DPS says: trust bundle and custom allocation", async () => {
		cloud.arm('payload={"site":"north"}:1');
		const device = new Device(cloud);
		const dialect = "2021-11-01-preview";
		assert.equal((await device.once({ dialect })).fault, undefined);
		const { trustBundle, payload } = device.journal.current!;
		assert.ok(trustBundle!.certificates.length > 0 && payload === '{"site":"north"}');
		const registrations = cloud.registrations.length;
		// With `once` it ends by itself, whatever comes of it.
		const agent = device.boot({ dialect }, { once: true });
		agent.renew();
		await agent.finished;
		assert.equal(cloud.registrations.length, registrations);
		const renewed = device.journal.current!;
		assert.deepEqual([renewed.sequence, renewed.trustBundle, renewed.payload], [2, trustBundle, payload]);
		assert.deepEqual(agent.assignment?.payload, { site: "north" });
	});

	test("what DPS says beside a candidate is the application's once that has worked", async () => {
		const device = new Device(cloud);
		cloud.arm('payload={"site":"north"}:1');
		assert.equal((await device.once()).fault, undefined);
		cloud.arm("foreign-key:1"); // of the hub: DPS is asked
		cloud.arm('payload={"site":"south"}:1');
		const told: unknown[] = [];
		const onState = (state: string): void => void told.push([state, agent.assignment?.payload]);
		const agent = device.boot({}, { once: true, onState });
		agent.renew();
		await agent.finished;
		const [north, south] = [{ site: "north" }, { site: "south" }];
		assert.deepEqual(told, [
			["connecting", north],
			["connected", north],
			["enrolling", north],
			["connecting", north],
			["connected", south],
			["closed", south],
		]);
	});

	test("sends the operator's payload for custom allocation", async () => {
		assert.equal((await new Device(cloud).once({ payload: '{"site":"north"}' })).fault, undefined);
		assert.deepEqual(cloud.registrations.at(-1)!.payload, { site: "north" });
	});

	for (const payload of ['"blue line"', "7", "true", "[1,[null]]", '{"site":"north"}', '""', "null"])
		test(`gives the application what the custom allocation returns: ${payload}`, async () => {
			cloud.arm(`payload=${payload}:1`);
			const device = new Device(cloud);
			const before = cloud.registrations.length;
			assert.equal((await device.once()).fault, undefined);
			assert.equal(cloud.registrations.length, before + 1);
			// After a reboot as well.
			const agent = device.boot({}, { once: true });
			await agent.finished;
			assert.deepEqual(agent.assignment?.payload, JSON.parse(payload) ?? undefined);
		});

	for (const [what, payload] of [
		["300 members", JSON.stringify(Array.from({ length: 300 }, () => 0))],
		["17 levels", "[".repeat(17) + "]".repeat(17)],
		["4,097 bytes", JSON.stringify("x".repeat(4095))],
	] as const)
		test(`goes on without a payload of ${what}, which is dps.payload in the log`, async () => {
			cloud.arm(`payload=${payload}:1`);
			const run = await new Device(cloud).once();
			assert.equal(run.fault, undefined);
			assert.deepEqual(
				run.steps.filter(({ step }) => step === "fault").map(({ detail }) => detail?.code),
				["dps.payload"],
			);
		});

	test("uses an operator's own CSR and key, EC and RSA-4096", async () => {
		const folder = mkdtempSync(join(tmpdir(), "enrollee-"));
		try {
			for (const kind of [["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], ["rsa:4096"]]) {
				const [key, csr] = [join(folder, "key.pem"), join(folder, "csr.pem")];
				const make = ["req", "-new", "-newkey", ...kind, "-noenc", "-subj", `/CN=${cloud.registrationId}`];
				execFileSync("openssl", [...make, "-keyout", key, "-out", csr], { stdio: "pipe" });
				const device = new Device(cloud);
				const run = await device.once({
					operationalCsr: readFileSync(csr, "utf8"),
					operationalKey: readFileSync(key, "utf8"),
				});
				assert.equal(run.fault, undefined);
				assert.ok(!run.steps.some(({ step }) => step === "key.generated"));
				assert.equal("pkcs8" in device.journal.current!.key, kind[0] !== "ec");
			}
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
});

describe("certificates in every shape the sources disagree on", () => {
	for (const [fault, dialect] of [
		["wrong-chain-order", "2021-11-01-preview"],
		["wrong-chain-order", "2025-07-01-preview"],
		["pem-chain", "2025-07-01-preview"],
	] as const)
		test(`${fault} in ${dialect}: stored leaf first`, () =>
			withCloud({ faults: [fault] }, async (cloud) => {
				const device = new Device(cloud);
				assert.equal((await device.once({ dialect })).fault, undefined);
				const chain = device.journal.current!.chain.map(parseCertificate);
				assert.equal(chain[0]!.commonName, cloud.registrationId);
				assert.deepEqual(chain[0]!.issuer, chain[1]!.subject);
			}));

	test("a P-256 issuing chain", () =>
		withCloud({ issuing: "P-256" }, async (cloud) => {
			assert.equal((await new Device(cloud).once()).fault, undefined);
		}));

	test("a clock behind notBefore is reported and does not stop the device", () =>
		withCloud({ faults: ["not-yet-valid"] }, async (cloud) => {
			const device = new Device(cloud);
			const run = await device.once();
			assert.ok(run.steps.some(({ step }) => step === "cert.not-yet-valid"));
			// This hub, whose clock is right, does not take it yet; the device keeps what it has.
			assert.equal(run.fault?.code, "hub.unauthorized");
		}));
});
