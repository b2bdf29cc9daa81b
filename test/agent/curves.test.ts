/** P-256 and P-384 against clouds of each rule, over real TLS: which key the certificate in use has, what was asked and said. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, test } from "node:test";
import type { CsrCurves } from "../../cloud/contract.ts";
import { createEntity, saveEntity } from "../../cloud/pki.ts";
import type { ConfigInput } from "../../src/config.ts";
import { curveOf } from "../../src/key/pair.ts";
import { Device, type Run, withCloud } from "../support/device.ts";
import { openssl } from "../support/openssl.ts";
import { FakeStore } from "../support/store.ts";

const curveInUse = (device: Device): string => {
	const { key } = device.journal.current!;
	assert.ok("signer" in key);
	return curveOf(key.signer.publicKey);
};
const faults = ({ steps }: Run): unknown[] =>
	steps.filter(({ step }) => step === "fault").map(({ detail }) => detail.code);
const generated = ({ steps }: Run): unknown[] =>
	steps.filter(({ step }) => step === "key.generated").map(({ detail }) => detail.curve);

for (const { rule, key, made, said } of [
	{ rule: "both", key: "auto", made: ["P-256"], said: [] },
	{ rule: "both", key: "P-384", made: ["P-384"], said: [] },
	{ rule: "p256", key: "auto", made: ["P-256"], said: [] },
	{ rule: "p384", key: "auto", made: ["P-256", "P-384"], said: ["key.curve"] },
	{ rule: "p384", key: "P-384", made: ["P-384"], said: [] },
] as const)
	test(`a cloud that takes ${rule}, key ${key}: ${made.join(", then ")}, kept over reboots`, async () => {
		await withCloud({ csrCurves: rule }, async (cloud) => {
			const device = new Device(cloud);
			const run = await device.once({ key });
			assert.equal(run.fault, undefined);
			assert.deepEqual(generated(run), made);
			assert.deepEqual(faults(run), said);
			assert.equal(curveInUse(device), made.at(-1));
			assert.equal(cloud.registrations.length, made.length);
			const leaf = new Uint8Array(device.journal.current!.chain[0]!);
			const text = execFileSync("openssl", ["x509", "-inform", "DER", "-noout", "-text"], {
				input: leaf,
				encoding: "utf8",
			});
			assert.match(text, new RegExp(`NIST CURVE: ${made.at(-1)}`));
			const again = await device.once({ key });
			assert.deepEqual([again.fault, generated(again), cloud.registrations.length], [undefined, [], made.length]);
		});
	});

for (const form of ["PKCS#8", "SEC1"] as const)
	for (const [rule, made] of [
		["both", ["P-256"]],
		["p384", ["P-256", "P-384"]],
	] as const)
		test(`X.509 onboarding with a P-384 key as ${form} where the cloud takes ${rule}: ${made.join(", then ")}, renewed`, async () => {
			await withCloud({ csrCurves: rule }, async (cloud) => {
				const day = 24 * 3600_000;
				const entity = await createEntity(
					"P-384",
					{
						commonName: cloud.registrationId,
						role: { kind: "client" },
						notBefore: Date.now() - day,
						notAfter: Date.now() + day,
					},
					cloud.ca.onboarding,
				);
				const { certificate, key } = await saveEntity(entity);
				const onboarding = {
					onboardingCert: certificate,
					onboardingKey: form === "SEC1" ? openssl(["ec"], { input: key }).toString() : key,
				};
				assert.match(onboarding.onboardingKey, form === "SEC1" ? /BEGIN EC PRIVATE KEY/ : /BEGIN PRIVATE KEY/);
				const device = new Device(cloud);
				const run = await device.once(onboarding);
				assert.equal(run.fault, undefined);
				assert.deepEqual([generated(run), curveInUse(device)], [made, made.at(-1)]);
				await renew(device, 2, onboarding);
				assert.equal(curveInUse(device), made.at(-1));
				const dps = cloud.connections.filter(({ service }) => service === "dps");
				assert.deepEqual(
					dps.map(({ credential }) => credential),
					made.map(() => "x509"),
				);
			});
		});

test("a fixed curve that the cloud refuses: one Fault that names the remedy, the key stays, nothing is tried behind it", async () => {
	await withCloud({ csrCurves: "p384" }, async (cloud) => {
		const device = new Device(cloud);
		const { fault, ...run } = await device.once({ key: "P-256" });
		assert.equal(fault?.code, "dps.csr-rejected");
		assert.match(fault!.message, /P-384/);
		assert.match(fault!.remedy, /`key`/);
		assert.deepEqual(generated({ fault, ...run }), ["P-256"]);
	});
});

test("renewKey same, and a service that takes its curve no more: the next key is on the other one, by DPS too", async () => {
	await withCloud({ csrCurves: "both", acceptIssued: true }, async (cloud) => {
		const device = new Device(cloud);
		assert.equal((await device.once({ renewKey: "same" })).fault, undefined);
		cloud.operator.demandCurves("p384");
		cloud.operator.withdraw(device.journal.current!.deviceId, "expired");
		const run = await device.once({ renewKey: "same" });
		assert.equal(run.fault, undefined);
		assert.deepEqual([generated(run), curveInUse(device)], [["P-384"], "P-384"]);
		assert.deepEqual(faults(run), ["hub.unauthorized", "key.curve"]);
	});
});

test("a pending key of another curve than is configured now is dropped, and not shown", async () => {
	await withCloud({ csrCurves: "p384" }, async (cloud) => {
		const device = new Device(cloud);
		assert.equal((await device.once({ key: "P-256" })).fault?.code, "dps.csr-rejected");
		const run = await device.once({ key: "P-384" });
		assert.equal(run.fault, undefined);
		assert.deepEqual([generated(run), cloud.registrations.length], [["P-384"], 2]);
	});
});

test("the Fault says in words what was refused and what is tried next", async () => {
	await withCloud({ csrCurves: "p384" }, async (cloud) => {
		const { steps } = await new Device(cloud).once();
		const said = steps.find(({ step, detail }) => step === "fault" && detail.code === "key.curve")!;
		assert.match(String(said.detail.message), /refused P-256 .*; P-384 is tried next$/);
	});
});

test("where both curves are refused each attempt shows a key on each: none is sent twice, nothing is asked in a loop", async () => {
	await withCloud({ faults: ["csr-rejected"] }, async (cloud) => {
		const device = new Device(cloud);
		const runs: Run[] = [];
		for (let boot = 0; boot < 3; boot++) runs.push(await device.once());
		assert.deepEqual(
			runs.map((run) => run.fault?.code),
			Array(3).fill("dps.csr-rejected"),
		);
		assert.equal(cloud.registrations.length, 6);
		assert.deepEqual(runs.flatMap(generated), ["P-256", ...Array(3).fill(["P-384", "P-256"]).flat()]);
	});
});

describe("a rule that changes in mid-life", () => {
	for (const [first, then, curves] of [
		["both", "p384", ["P-256", "P-384"]],
		["p384", "p256", ["P-384", "P-256"]],
		["p256", "both", ["P-256", "P-256"]],
		["p384", "both", ["P-384", "P-384"]],
	] as const satisfies readonly (readonly [CsrCurves, CsrCurves, readonly string[]])[])
		test(`${first}, then ${then}: renewed on ${curves[1]}, and again on it`, async () => {
			await withCloud({ csrCurves: first, acceptIssued: true }, async (cloud) => {
				const device = new Device(cloud, new FakeStore());
				await device.once();
				assert.equal(curveInUse(device), curves[0]);
				cloud.operator.demandCurves(then);
				for (const sequence of [2, 3]) {
					await renew(device, sequence);
					assert.equal(curveInUse(device), curves[1]);
				}
			});
		});
});

/** Until the certificate of that number has worked. */
async function renew(device: Device, sequence: number, input: ConfigInput = {}): Promise<void> {
	let done = (): void => {};
	const proven = new Promise<void>((resolve) => {
		done = resolve;
	});
	const agent = device.boot(input, {
		log: (step, detail) => step === "credential.proven" && detail?.sequence === sequence && done(),
		onState: (state) => state === "connected" && device.journal.current!.sequence < sequence && agent.renew(),
	});
	await proven;
	agent.close();
	await agent.finished;
}
