/** Renewal of a running agent against the local cloud, over real TLS: what each end saw, and what is in flash. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Cloud } from "../../cloud/cloud.ts";
import type { Agent } from "../../src/agent.ts";
import type { ConfigInput } from "../../src/config.ts";
import { Fault } from "../../src/fault.ts";
import { Device, type Step, withCloud } from "../support/device.ts";
import { FakeStore } from "../support/store.ts";

/** A running agent whose steps can be awaited. */
class Running {
	readonly agent: Agent;
	readonly steps: Step[] = [];
	#waiting: { readonly step: string; readonly resolve: (step: Step) => void } | undefined;

	constructor(device: Device, input: ConfigInput = {}) {
		this.agent = device.boot(input, {
			log: (step, detail = {}) => {
				this.steps.push({ step, detail });
				if (this.#waiting?.step === step) this.#waiting.resolve({ step, detail });
			},
		});
	}

	/** The next step of that name. */
	async next(step: string): Promise<Step> {
		return await new Promise((resolve) => {
			this.#waiting = { step, resolve };
		});
	}

	async stop(): Promise<void> {
		this.agent.close();
		await this.agent.finished;
	}
}

async function proven(device: Device, input: ConfigInput = {}): Promise<Running> {
	const running = new Running(device, input);
	await running.next("credential.proven");
	return running;
}

const codes = (running: Running): unknown[] =>
	running.steps.filter(({ step }) => step === "fault").map(({ detail }) => detail.code);
/** When certificates were judged, and when a session ended: both until the second one begins. */
const judgement = ({ steps }: Running): string[] => {
	const second = steps.findLastIndex(({ step }) => step === "hub.connected");
	const names = steps.slice(0, second).map(({ step }) => step);
	return names.filter((step) => /^(credential.stored|hub.disconnected|fault)$/.test(step));
};
const keyOf = (device: Device): Uint8Array => {
	const { key } = device.journal.current!;
	assert.ok("signer" in key);
	return key.signer.publicKey;
};

describe("renewal over the hub", () => {
	for (const fault of [
		"",
		"bare-array",
		"pem-chain",
		"wrong-chain-order",
		"renew-version",
		"renew-409-own",
		"renew-409-other:1",
		"renew-late",
	])
		test(`${fault || "the plain way"}: a new key, a new certificate, no second registration`, () =>
			withCloud({}, async (cloud) => {
				const device = new Device(cloud);
				const running = await proven(device);
				const first = keyOf(device);
				if (fault) cloud.arm(fault);
				running.agent.renew();
				await running.next("credential.proven");
				await running.stop();
				assert.deepEqual(codes(running), []);
				assert.deepEqual(judgement(running), ["credential.stored", "hub.disconnected", "credential.stored"]);
				assert.equal(cloud.registrations.length, 1);
				assert.equal(device.journal.current!.sequence, 2);
				assert.notDeepEqual(keyOf(device), first);
				assert.deepEqual([...device.store.blobs.keys()].sort(), ["cred.b", "cred.current"]);
				const serials = cloud.connections.filter(({ service }) => service === "hub").map(({ serial }) => serial);
				assert.equal(new Set(serials).size, 2);
			}));

	test("the same key, when the operator wants that", () =>
		withCloud({}, async (cloud) => {
			const device = new Device(cloud);
			const running = await proven(device, { renewKey: "same" });
			const first = keyOf(device);
			running.agent.renew();
			await running.next("credential.proven");
			await running.stop();
			assert.equal(device.journal.current!.sequence, 2);
			assert.deepEqual(keyOf(device), first);
		}));

	test("a reboot between 202 and 200: the request goes on under its id, with its key", () =>
		withCloud({ faults: ["renew-hold"] }, async (cloud) => {
			const device = new Device(cloud);
			const before = await proven(device);
			before.agent.renew();
			const request = await before.next("renewal.request");
			await before.next("renewal.waiting");
			const pending = device.journal.pending!;
			assert.equal(pending.requestId, request.detail.requestId);
			await before.stop();

			const after = new Running(device);
			const again = await after.next("renewal.request");
			assert.equal(again.detail.requestId, request.detail.requestId);
			cloud.disarm();
			cloud.release(cloud.registrationId);
			await after.next("credential.proven");
			await after.stop();
			assert.equal(device.journal.current!.sequence, 2);
			assert.deepEqual(keyOf(device), pending.key.publicKey);
		}));

	test("flash loses the pending key: it is written down again, with its id, before the request is sent once more", () =>
		withCloud({ faults: ["renew-409-other:1"] }, async (cloud) => {
			const device = new Device(cloud);
			const running = await proven(device);
			running.agent.renew();
			const request = await running.next("renewal.request");
			const { key } = device.journal.pending!;
			device.store.blobs.delete("cred.pending");
			const again = await running.next("renewal.request");
			assert.equal(again.detail.requestId, request.detail.requestId);
			const pending = device.journal.pending!;
			assert.equal(pending.requestId, request.detail.requestId);
			assert.deepEqual(pending.key.publicKey, key.publicKey);
			await running.next("credential.proven");
			await running.stop();
			assert.deepEqual(keyOf(device), key.publicKey);
		}));

	test("flash that has lost it and takes nothing more: the CSR does not leave again without its key being kept", () =>
		withCloud({ faults: ["renew-409-other:1"] }, async (cloud) => {
			let full = false;
			const store = new FakeStore({ refuse: () => (full ? new Fault("store.full", "no room") : undefined) });
			const device = new Device(cloud, store);
			const running = await proven(device);
			running.agent.renew();
			await running.next("renewal.request");
			store.blobs.delete("cred.pending");
			full = true;
			await running.next("renewal.failed");
			await running.stop();
			assert.ok(codes(running).includes("store.full"), String(codes(running)));
			assert.equal(cloud.events.filter(({ event }) => event === "renew").length, 1);
			assert.equal(cloud.registrations.length, 1);
			assert.equal(device.journal.current!.sequence, 1);
		}));
});

describe("renewal that meets trouble", () => {
	test("a refused CSR: renewed through DPS, with the onboarding credential where the enrolment wants that", () =>
		withCloud({ faults: ["renew-csr-rejected"] }, async (cloud) => {
			const device = new Device(cloud);
			const running = await proven(device);
			running.agent.renew();
			await running.next("credential.proven");
			await running.stop();
			assert.deepEqual(codes(running), ["key.curve", "hub.csr-rejected", "dps.unauthorized"]);
			assert.equal(cloud.registrations.length, 2);
			assert.equal(device.journal.current!.sequence, 2);
		}));

	test("certificates for another key, judged once the session has ended: renewed through DPS", () =>
		withCloud({ acceptIssued: true }, async (cloud) => {
			const device = new Device(cloud);
			const running = await proven(device);
			cloud.arm("foreign-key:1");
			running.agent.renew();
			await running.next("credential.proven");
			await running.stop();
			assert.deepEqual(codes(running), ["cert.key-mismatch"]);
			const order = ["credential.stored", "hub.disconnected", "fault", "credential.stored"];
			assert.deepEqual(judgement(running), order);
			assert.equal(cloud.registrations.length, 2);
			assert.equal(device.journal.current!.sequence, 2);
		}));

	test("expired certificates, and a DPS that refuses: the next session is under the old credential", () =>
		withCloud({}, async (cloud) => {
			const device = new Device(cloud);
			const running = await proven(device);
			const first = keyOf(device);
			cloud.arm("expired-cert:1");
			cloud.arm("disabled");
			running.agent.renew();
			await running.next("renewal.failed");
			await running.next("hub.connected");
			await running.stop();
			assert.deepEqual(codes(running), ["cert.expired", "dps.unauthorized", "dps.disabled"]);
			assert.deepEqual(keyOf(device), first);
			assert.equal(device.journal.current!.sequence, 1);
		}));

	test("an enrolment that takes the current certificate is renewed with it", () =>
		withCloud({ faults: ["renew-csr-rejected"], acceptIssued: true }, async (cloud) => {
			const device = new Device(cloud);
			const running = await proven(device);
			running.agent.renew();
			await running.next("credential.proven");
			await running.stop();
			assert.deepEqual(codes(running), ["key.curve", "hub.csr-rejected"]);
			const credentials = cloud.connections
				.filter(({ service }) => service === "dps")
				.map(({ credential }) => credential);
			assert.deepEqual(credentials, ["sas", "x509"]);
		}));

	test("a hub that speaks only the GA version: renewed through DPS", () =>
		withCloud({ faults: ["refuse-preview"], acceptIssued: true }, async (cloud) => {
			const device = new Device(cloud);
			const running = await proven(device);
			running.agent.renew();
			await running.next("credential.proven");
			await running.stop();
			assert.equal(cloud.registrations.length, 2);
			assert.equal(device.journal.current!.sequence, 2);
		}));

	test("a trial that the hub refuses: the old credential goes on, the new one is gone", () =>
		withCloud({}, async (cloud) => {
			const device = new Device(cloud);
			const running = await proven(device);
			const first = keyOf(device);
			refuseNext(cloud);
			running.agent.renew();
			const failed = await running.next("credential.trial-failed");
			assert.deepEqual([failed.detail.code, failed.detail.verdict], ["hub.unauthorized", "reject"]);
			await running.next("hub.connected");
			await running.stop();
			assert.deepEqual(keyOf(device), first);
			assert.deepEqual([...device.store.blobs.keys()].sort(), ["cred.a", "cred.current"]);
		}));
});

/** The hub refuses the next connection under either api-version. */
function refuseNext(cloud: Cloud): void {
	cloud.arm("connack=5:2");
}
