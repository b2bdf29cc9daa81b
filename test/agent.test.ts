/** The agent against the local cloud, over real TLS, MQTT and certificates: what each end saw. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { inspect } from "node:util";
import { clock } from "../hw/node/clock.ts";
import type { Agent } from "../src/agent.ts";
import { utf8Text } from "../src/bytes.ts";
import type { Clock } from "../src/port.ts";
import { parseCertificate } from "../src/x509/certificate.ts";
import { type Cloud, type CloudOptions, startCloud } from "./cloud/cloud.ts";
import { Device } from "./device.ts";

async function withCloud(options: CloudOptions, use: (cloud: Cloud) => Promise<void>): Promise<void> {
	const cloud = await startCloud({ polls: 0, ...options });
	try {
		await use(cloud);
	} finally {
		await cloud.close();
	}
}

const in40Days: Clock = { ...clock, now: () => Date.now() + 40 * 86_400_000 };

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

	test("sends the operator's payload for custom allocation", async () => {
		assert.equal((await new Device(cloud).once({ payload: '{"site":"north"}' })).fault, undefined);
		assert.deepEqual(cloud.registrations.at(-1)!.payload, { site: "north" });
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
				// By its clock the certificate has expired, so it enrols again, in vain.
				assert.ok((await device.once({}, { clock: in40Days })).fault);
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

describe("at the hub", () => {
	for (const step of ["HUB-CONNECT", "HUB-CONNACK", "PUBLISH"])
		test(`a hub that closes after ${step}: a named Fault, and the certificate is used on the next run`, () =>
			withCloud({ faults: [`drop-after=${step}`] }, async (cloud) => {
				const device = new Device(cloud);
				assert.equal((await device.once()).fault?.code, "hub.closed");
				cloud.disarm();
				assert.equal((await device.once()).fault, undefined);
				assert.equal(cloud.registrations.length, 1);
				assert.equal(device.journal.current?.sequence, 1);
			}));

	test("a hub that refuses the preview api-version gets the GA version", () =>
		withCloud({ faults: ["refuse-preview"] }, async (cloud) => {
			const run = await new Device(cloud).once();
			assert.equal(run.fault, undefined);
			assert.ok(run.steps.some(({ step }) => step === "hub.api-version"));
			assert.equal(cloud.connections.at(-1)!.apiVersion, "2021-04-12");
		}));

	test("a hub that forgot its certificates: the device enrols again and the old record goes last", () =>
		withCloud({}, async (first) => {
			const device = new Device(first);
			assert.equal((await device.once()).fault, undefined);
			await withCloud({}, async (second) => {
				const moved = new Device(second, device.store);
				assert.equal((await moved.once({ hub: `${second.host}:${second.port}` })).fault, undefined);
				assert.equal(second.registrations.length, 1);
				assert.equal(moved.journal.current?.sequence, 2);
				assert.equal(moved.journal.candidate, undefined);
			});
		}));

	test("an expired certificate: the device enrols again", () =>
		withCloud({ validitySeconds: 100 * 86_400 }, async (cloud) => {
			const device = new Device(cloud);
			assert.equal((await device.once()).fault, undefined);
			const later: Clock = { ...clock, now: () => device.journal.current!.notAfter };
			const run = await device.once({}, { clock: later });
			assert.ok(run.steps.some(({ step }) => step === "credential.expired"));
			assert.equal(cloud.registrations.length, 2);
		}));

	test("a damaged record is reported and the device enrols again", () =>
		withCloud({}, async (cloud) => {
			const device = new Device(cloud);
			assert.equal((await device.once()).fault, undefined);
			const record = device.store.blobs.get("cred.a")!;
			record[record.length >> 1]! ^= 0x10;
			const run = await device.once();
			assert.equal(run.fault, undefined);
			assert.ok(run.steps.some(({ step, detail }) => step === "fault" && detail.code === "store.damaged"));
			assert.equal(cloud.registrations.length, 2);
			assert.equal(device.journal.current?.sequence, 2);
		}));
});

describe("a running agent", () => {
	test("comes back after the hub has closed, with its queue, and closes when told", () =>
		withCloud({ faults: ["drop-after=PUBLISH:1"] }, async (cloud) => {
			const states: string[] = [];
			const agent = new Device(cloud).boot({}, { onState: (state) => states.push(state) });
			const acknowledged = new Promise<void>((resolve) => agent.telemetry("once more", {}, () => resolve()));
			await acknowledged;
			agent.close();
			await agent.finished;
			assert.deepEqual(
				cloud.telemetry.map(({ body }) => utf8Text(body)),
				["once more"],
			);
			assert.deepEqual(states, [
				"enrolling",
				"connecting",
				"connected",
				"waiting",
				"connecting",
				"connected",
				"closed",
			]);
		}));

	test("waits an hour or more after a refusal, as long as retry-after says after a 429", () =>
		withCloud({}, async (cloud) => {
			for (const [fault, least, most] of [
				["disabled", 1800, 3600],
				["throttle=7", 7, 8.4],
			] as const) {
				cloud.arm(fault);
				const waits: number[] = [];
				const watched: Clock = {
					...clock,
					after(milliseconds, callback) {
						waits.push(milliseconds / 1000);
						return clock.after(milliseconds, callback);
					},
				};
				const agent: Agent = new Device(cloud).boot(
					{},
					{
						clock: watched,
						onState: (state) => state === "waiting" && queueMicrotask(() => agent.close()),
					},
				);
				await agent.finished;
				assert.ok(waits.at(-1)! >= least && waits.at(-1)! <= most, `${fault}: ${waits.at(-1)} s`);
				cloud.disarm();
			}
		}));
});
