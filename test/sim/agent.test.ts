/** The agent on XS against the local cloud, over real TLS: enrolment, hub, telemetry, and what a second run keeps. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { createEntity, saveEntity } from "../../cloud/pki.ts";
import { type App, buildForXs, type Run, skip } from "../../hw/simulator/harness.ts";

describe("the agent on XS", { skip }, () => {
	let app: App;
	let cloud: Cloud;
	const folders: string[] = [];
	before(async () => {
		app = await buildForXs({
			name: "agent",
			manifest: {
				include: ["$(ENROLLEE)/hw/moddable/manifest.json"],
				modules: { "*": [], main: "$(ENROLLEE)/test/sim/apps/agent" },
			},
		});
		cloud = await startCloud({ retryAfterSeconds: 1 });
	});
	after(async () => {
		await cloud?.close();
		for (const folder of folders) rmSync(folder, { recursive: true, force: true });
	});

	const flash = (): string => {
		const folder = mkdtempSync(join(tmpdir(), "enrollee-sim-"));
		folders.push(folder);
		return folder;
	};
	const run = (state: string, credential: Readonly<Record<string, string>>): Promise<Run> =>
		app.run({
			breakOnExceptions: true,
			environment: {
				ENROLLEE_STATE: state,
				ENROLLEE_DPS: `${cloud.host}:${cloud.port}`,
				ENROLLEE_ID_SCOPE: cloud.idScope,
				ENROLLEE_REGISTRATION_ID: cloud.registrationId,
				ENROLLEE_CA: readFileSync(cloud.rootCa, "utf8"),
				...credential,
			},
		});

	test("enrols by symmetric key, and the second run uses the credential without enrolling", async () => {
		const state = flash();
		const first = await run(state, { ENROLLEE_SYMMETRIC_KEY: cloud.symmetricKey });
		assert.equal(first.exitCode, 0, first.output);
		assert.match(first.output, /telemetry acknowledged/);
		assert.deepEqual(first.exceptions, [], "xsbug would have stopped here");
		assert.equal(cloud.registrations.length, 1);
		assert.equal(cloud.telemetry.length, 1);
		const hub = cloud.connections.filter(({ service }) => service === "hub");
		assert.deepEqual(
			hub.map(({ credential, deviceId }) => [credential, deviceId]),
			[["x509", cloud.registrationId]],
		);

		const second = await run(state, {});
		assert.equal(second.exitCode, 0, second.output);
		assert.equal(cloud.registrations.length, 1);
		assert.equal(cloud.telemetry.length, 2);
		const serials = cloud.connections.filter(({ service }) => service === "hub").map(({ serial }) => serial);
		assert.equal(serials.length, 2);
		assert.equal(serials[0], serials[1]);
	});

	for (const [rule, settings, curve, fault] of [
		["p384", { ENROLLEE_KEY: "P-384" }, "secp384r1", false],
		["p384", {}, "secp384r1", true],
		["p256", {}, "prime256v1", false],
	] as const)
		test(`a cloud that takes ${rule}, key ${settings.ENROLLEE_KEY ?? "auto"}: works with the hub on ${curve}`, async () => {
			cloud.operator.demandCurves(rule);
			const { exitCode, output } = await run(flash(), { ENROLLEE_SYMMETRIC_KEY: cloud.symmetricKey, ...settings });
			cloud.operator.demandCurves("both");
			assert.equal(exitCode, 0, output);
			assert.equal(/key\.curve/.test(output), fault, output);
			const leaf = cloud.events.flatMap((e) => (e.event === "registered" && e.leaf ? [e.leaf] : [])).at(-1)!;
			const certificate = new X509Certificate(leaf);
			assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, curve);
			assert.equal(cloud.connections.at(-1)!.serial, certificate.serialNumber);
			assert.deepEqual(lastConnections(), ["dps sas", "hub x509"]);
		});

	test("enrols by X.509 with an EC onboarding key", async () => {
		const before = cloud.registrations.length;
		const { exitCode, output } = await run(flash(), {
			ENROLLEE_ONBOARDING_CERT: readFileSync(cloud.onboardingCert, "utf8"),
			ENROLLEE_ONBOARDING_KEY: readFileSync(cloud.onboardingKey, "utf8"),
		});
		assert.equal(exitCode, 0, output);
		assert.equal(cloud.registrations.length, before + 1);
		assert.deepEqual(lastConnections(), ["dps x509", "hub x509"]);
	});

	for (const [algorithm, key, rule, curve] of [
		["RSA", "auto", "both", "prime256v1"],
		["P-384", "auto", "both", "prime256v1"],
		["P-384", "auto", "p384", "secp384r1"],
		["P-384", "P-384", "both", "secp384r1"],
	] as const)
		test(`enrols by X.509 with an onboarding key of ${algorithm}, key ${key}, where ${rule} is taken: its own is on ${curve}`, async () => {
			const day = 24 * 3600 * 1000;
			const validity = { notBefore: Date.now() - day, notAfter: Date.now() + day };
			const request = { commonName: cloud.registrationId, role: { kind: "client" }, ...validity } as const;
			const onboarding = await saveEntity(await createEntity(algorithm, request, cloud.ca.onboarding));
			cloud.operator.demandCurves(rule);
			const { exitCode, output } = await run(flash(), {
				ENROLLEE_ONBOARDING_CERT: onboarding.certificate,
				ENROLLEE_ONBOARDING_KEY: onboarding.key,
				ENROLLEE_KEY: key,
			});
			cloud.operator.demandCurves("both");
			assert.equal(exitCode, 0, output);
			assert.deepEqual(lastConnections(), ["dps x509", "hub x509"]);
			const leaf = cloud.events.flatMap((e) => (e.event === "registered" && e.leaf ? [e.leaf] : [])).at(-1)!;
			assert.equal(new X509Certificate(leaf).publicKey.asymmetricKeyDetails?.namedCurve, curve);
			assert.equal(cloud.telemetry.at(-1)?.deviceId, cloud.registrationId);
		});

	test("each enrolment makes its own key", async () => {
		for (let i = 0; i < 2; i++) await run(flash(), { ENROLLEE_SYMMETRIC_KEY: cloud.symmetricKey });
		const leaves = cloud.events.flatMap((e) =>
			e.event === "registered" && e.leaf ? [new X509Certificate(e.leaf)] : [],
		);
		const keys = leaves.map((leaf) => leaf.publicKey.export({ type: "spki", format: "der" }).toString("hex"));
		assert.ok(keys.length >= 2);
		assert.equal(new Set(keys).size, keys.length);
	});

	test("a key that DPS refuses ends with its fault, and nothing is stored", async () => {
		const state = flash();
		const { exitCode, output } = await run(state, { ENROLLEE_SYMMETRIC_KEY: Buffer.alloc(32, 7).toString("base64") });
		assert.equal(exitCode, 3);
		assert.match(output, /dps\.unauthorized|mqtt\.unauthorized|mqtt\.credentials/);
		assert.ok(!readdirSync(state).some((name) => /^cred\.[ab]$/.test(name)));
	});

	test("without a listener the fault is wire.refused, with a foreign anchor tls.untrusted", async () => {
		const key = { ENROLLEE_SYMMETRIC_KEY: cloud.symmetricKey };
		const nobody = await run(flash(), { ...key, ENROLLEE_DPS: "127.0.0.1:1" });
		assert.match(nobody.output, /^wire\.refused/m);
		const foreign = await run(flash(), { ...key, ENROLLEE_CA: readFileSync(cloud.deviceCa, "utf8") });
		assert.match(foreign.output, /^tls\.untrusted/m);
	});

	const lastConnections = (): string[] =>
		cloud.connections.slice(-2).map(({ service, credential }) => `${service} ${credential}`);

	test("enrols and works over WebSocket, and goes back to MQTT with the same identity", async () => {
		const state = flash();
		const before = cloud.connections.length;
		const { length: registrations } = cloud.registrations;
		const first = await run(state, { ENROLLEE_SYMMETRIC_KEY: cloud.symmetricKey, ENROLLEE_TRANSPORT: "ws" });
		assert.equal(first.exitCode, 0, first.output);
		assert.deepEqual(first.exceptions, []);
		const second = await run(state, {});
		assert.equal(second.exitCode, 0, second.output);
		const seen = cloud.connections.slice(before).map(({ service, transport }) => `${service} ${transport}`);
		assert.deepEqual(seen, ["dps ws", "hub ws", "hub mqtt"]);
		assert.equal(cloud.registrations.length, registrations + 1);
	});
});
