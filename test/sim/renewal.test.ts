/**
 * Renewal on XS: the application as it is shipped (hw/moddable/main.ts) against the local cloud, over real TLS, with power
 * cuts. What counts is what the cloud saw and what is in the device's flash.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import type { Cloud } from "../../cloud/cloud.ts";
import type { CloudOptions, CsrCurves } from "../../cloud/contract.ts";
import { clock } from "../../hw/node/clock.ts";
import { type App, buildForXs, project, skip } from "../../hw/simulator/harness.ts";
import type { Credential } from "../../src/identity/record.ts";
import { curveOf } from "../../src/key/pair.ts";
import type { CurveName } from "../../src/port.ts";
import { parseCertificate } from "../../src/x509/certificate.ts";
import { withCloud } from "../support/device.ts";
import { sampled } from "../support/random.ts";
import { Simulated } from "./simulated.ts";

/** What the service takes, and takes when it comes to the renewal; the device's setting; of the two certificates. */
type Rules = readonly [CsrCurves, CsrCurves, "auto" | "P-384", readonly CurveName[]];

describe("renewal on XS", { skip }, () => {
	let app: App;
	before(async () => {
		app = await buildForXs({
			name: "renewal",
			build: "release",
			manifest: join(project, "hw/simulator/manifest.json"),
		});
	});

	const withDevice = (options: CloudOptions, use: (cloud: Cloud, device: Simulated) => Promise<void>) =>
		withCloud(options, async (cloud) => {
			const device = new Simulated(app, cloud);
			try {
				await use(cloud, device);
			} finally {
				await device.remove();
			}
		});

	test("when its time has come: a new key and certificate, which the next connection presents", () =>
		withDevice({ validitySeconds: 60 }, async (cloud, device) => {
			device.boot({ ENROLLEE_RENEW_AT: "0.1" });
			await device.log("credential.proven  sequence=1");
			const first = device.journal.current!;
			await device.log("credential.proven  sequence=2");
			const second = device.journal.current!;
			await device.powerOff();
			assert.equal(cloud.registrations.length, 1);
			assert.notDeepEqual(keyOf(second), keyOf(first));
			assert.deepEqual(serials(cloud), [serialOf(first), serialOf(second)]);
			assert.deepEqual(device.credentials, ["cred.b", "cred.current"]);
		}));

	for (const [rule, later, key, curves] of [
		["p384", "p384", "auto", ["P-384", "P-384"]],
		["both", "both", "P-384", ["P-384", "P-384"]],
		["both", "p384", "auto", ["P-256", "P-384"]],
		...sampled<readonly Rules[]>(
			[
				["p384", "p384", "P-384", ["P-384", "P-384"]],
				["p256", "p256", "auto", ["P-256", "P-256"]],
				["p384", "p256", "auto", ["P-384", "P-256"]],
				["p256", "both", "auto", ["P-256", "P-256"]],
			],
			[],
		),
	] satisfies readonly Rules[])
		test(`a service that takes ${rule}, later ${later}, key ${key}: ${curves.join(", then ")}`, () =>
			withDevice({ csrCurves: rule }, async (cloud, device) => {
				device.boot({ ENROLLEE_KEY: key });
				await device.methods();
				const first = device.journal.current!;
				cloud.operator.demandCurves(later);
				await device.renew();
				await device.log("credential.proven  sequence=2");
				await device.powerOff();
				const second = device.journal.current!;
				assert.deepEqual(
					[first, second].map((one) => curveOf(keyOf(one))),
					curves,
				);
				assert.deepEqual(serials(cloud), [serialOf(first), serialOf(second)]);
			}));

	for (const [fault, replaces] of [
		["renew-409-own", undefined],
		["renew-409-other:1", "*"],
	] as const)
		test(`a 409 (${fault}): ${replaces ? "the other request is replaced" : "our own goes on"}`, () =>
			withDevice({}, async (cloud, device) => {
				device.boot();
				await device.methods();
				cloud.arm(fault);
				await device.renew();
				await device.log("credential.proven  sequence=2");
				await device.powerOff();
				const answers = cloud.events.flatMap((event) => (event.event === "renewal" ? [event.status] : []));
				assert.deepEqual(answers, replaces ? [409, 202, 200] : [409, 200]);
				const requests = cloud.events.flatMap((event) => (event.event === "renew" ? [event] : []));
				assert.deepEqual(
					requests.map(({ replace }) => replace),
					replaces ? [undefined, replaces] : [undefined],
				);
				assert.equal(serials(cloud).at(-1), serialOf(device.journal.current!));
				assert.equal(cloud.registrations.length, 1);
			}));

	test("a power cut between 202 and 200: the request goes on under its id, with its key", () =>
		withDevice({ faults: ["renew-hold"] }, async (cloud, device) => {
			device.boot();
			await device.methods();
			await device.renew();
			await device.log("renewal.waiting");
			await device.powerOff();
			const pending = device.journal.pending!;
			assert.notEqual(pending.requestId, undefined);

			device.boot();
			await device.log(`renewal.request  requestId=${pending.requestId}`);
			cloud.disarm();
			cloud.release(cloud.registrationId);
			await device.log("credential.proven  sequence=2");
			await device.powerOff();
			assert.deepEqual(keyOf(device.journal.current!), pending.key.publicKey);
			assert.equal(serials(cloud).at(-1), serialOf(device.journal.current!));
			const ids = cloud.events.flatMap((event) => (event.event === "renew" ? [event.requestId] : []));
			assert.deepEqual([...new Set(ids)], [pending.requestId]);
		}));

	test("a trial that the hub refuses: the old credential goes on and says so; the next one is taken", () =>
		withDevice({}, async (cloud, device) => {
			device.boot();
			await device.methods();
			const first = device.journal.current!;
			/** Under either api-version. */
			cloud.arm("connack=5:2");
			await device.renew();
			await device.log("credential.trial-failed  sequence=2  code=hub.unauthorized  verdict=reject");
			await device.reported(
				({ lastFault, serial }) =>
					lastFault === "hub.unauthorized" && serial === parseCertificate(first.chain[0]!).serial,
			);
			await device.powerOff();
			assert.deepEqual(keyOf(device.journal.current!), keyOf(first));
			assert.deepEqual(device.credentials, ["cred.a", "cred.current"]);

			device.boot();
			await device.methods();
			await device.renew();
			await device.log("credential.proven  sequence=");
			await device.powerOff();
			const last = device.journal.current!;
			assert.notDeepEqual(keyOf(last), keyOf(first));
			assert.equal(serials(cloud).at(-1), serialOf(last));
			assert.equal(cloud.registrations.length, 1);
		}));

	test("an expired certificate at start: enrolled again, and connected", () => {
		let ago = 600_000;
		const past = { ...clock, now: () => Date.now() - ago };
		return withDevice({ clock: past, validitySeconds: 300 }, async (cloud, device) => {
			await device.enrolInNode(past);
			const first = device.journal.current!;
			assert.equal(first.notAfter < Date.now(), true);
			ago = 0;
			device.boot();
			await device.log("credential.expired");
			await device.log("credential.proven  sequence=2");
			await device.powerOff();
			assert.equal(cloud.registrations.length, 2);
			assert.equal(cloud.events.filter(({ event }) => event === "refused").length > 0, true);
			const second = device.journal.current!;
			assert.deepEqual(serials(cloud), [serialOf(first), serialOf(second)]);
			assert.equal(second.notAfter > Date.now(), true);
			assert.notDeepEqual(keyOf(second), keyOf(first));
		});
	});
});

function keyOf({ key }: Credential): Uint8Array {
	assert.ok("signer" in key);
	return key.signer.publicKey;
}

const serialOf = ({ chain }: Credential): string => parseCertificate(chain[0]!).serial.toUpperCase();

/** What the hub was shown in TLS, a connection each. */
const serials = (cloud: Cloud): (string | undefined)[] =>
	cloud.connections.filter(({ service }) => service === "hub").map(({ serial }) => serial);
