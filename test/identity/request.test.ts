/** Which key goes into a certificate request, and what a refusal makes of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fill } from "../../hw/node/entropy.ts";
import { parseConfig } from "../../src/config.ts";
import { Fault, type FaultCode } from "../../src/fault.ts";
import { Journal } from "../../src/identity/journal.ts";
import { certificateRequest, isForDps, leaveCurve, turnCurve } from "../../src/identity/request.ts";
import { curveOf, generateKeyPair, type KeyPair } from "../../src/key/pair.ts";
import type { CurveName, Keystore } from "../../src/port.ts";
import { FAULTS } from "../../src/remedies.ts";
import { FakeStore } from "../support/store.ts";

/** Slots with names; `curves`: of those that it makes keys on. */
class Slots implements Keystore {
	readonly name = "chip 7";
	readonly keys = new Map<string, KeyPair>();
	readonly curves: readonly CurveName[];

	constructor(curves: readonly CurveName[] = ["P-256"]) {
		this.curves = curves;
	}

	generate(curve: CurveName, kept: readonly string[]) {
		const reference = ["a", "b", "c"].find((slot) => !kept.includes(slot))!;
		this.keys.set(reference, generateKeyPair({ fill }, curve));
		return this.open(reference);
	}

	open(reference: string) {
		const key = this.keys.get(reference);
		if (!key) throw new Fault("key.replaced", reference);
		return { reference, publicKey: key.publicKey, sign: (digest: Uint8Array) => key.sign(digest) };
	}
}

function scene(input: Readonly<Record<string, string>> = {}, keystore?: Keystore) {
	const said: string[] = [];
	const journal = new Journal(new FakeStore(), keystore);
	const options = {
		config: parseConfig({ dps: "dps.example", idScope: "0ne00ABCDEF", registrationId: "dev-001", ...input }),
		journal,
		entropy: { fill },
		log: (step: string, detail: Readonly<Record<string, unknown>> = {}) =>
			void (step === "fault" && said.push(`${detail.code} ${detail.message}`)),
		keystore,
	};
	return {
		options,
		journal,
		said,
		curve: () => curveOf(journal.pending!.key.publicKey),
		key: () => journal.pending!.key.publicKey,
	};
}

const REFUSALS: readonly FaultCode[] = ["dps.csr-rejected", "hub.csr-rejected", "hub.bad-request"];

for (const code of Object.keys(FAULTS) as FaultCode[])
	test(`after ${code} the next key is on ${REFUSALS.includes(code) ? "P-384, at once" : "the same curve"}`, () => {
		const { options, curve, said } = scene();
		certificateRequest(options);
		assert.equal(turnCurve(new Fault(code, "no"), options), REFUSALS.includes(code));
		assert.equal(curve(), REFUSALS.includes(code) ? "P-384" : "P-256");
		assert.equal(said.length, REFUSALS.includes(code) ? 1 : 0);
	});

test("what DPS wants to be waited for is waited for, though the key is another one already", () => {
	const { options, curve } = scene();
	certificateRequest(options);
	assert.equal(turnCurve(new Fault("dps.csr-rejected", "no", { retryAfterSeconds: 9 }), options), false);
	assert.equal(curve(), "P-384");
});

for (const key of ["P-256", "P-384"])
	test(`a configured ${key} stays, and so does its key`, () => {
		const { options, key: of, said } = scene({ key });
		certificateRequest(options);
		const before = of();
		assert.equal(turnCurve(new Fault("dps.csr-rejected", "no"), options), false);
		assert.deepEqual([of(), said], [before, []]);
	});

test("a keystore without the other curve: said once in words, its key stays", () => {
	const { options, key, said } = scene({}, new Slots());
	certificateRequest(options);
	const before = key();
	assert.equal(turnCurve(new Fault("dps.csr-rejected", "policy"), options), false);
	assert.deepEqual(key(), before);
	assert.deepEqual(said, [
		"key.curve key.curve: the service refused P-256 (dps.csr-rejected: policy); chip 7 makes no keys on P-384",
	]);
});

test("a hub that has refused both curves leaves the key to DPS, and what DPS says of it counts", () => {
	const { options, journal, curve, key, said } = scene();
	certificateRequest(options);
	assert.equal(turnCurve(new Fault("hub.bad-request", "no"), options), true);
	const second = key();
	journal.keepPending({ ...journal.pending!, requestId: "abcd" });
	assert.equal(isForDps(options), false);
	assert.equal(turnCurve(new Fault("hub.bad-request", "no"), options), false);
	assert.deepEqual([key(), journal.pending?.requestId, isForDps(options)], [second, undefined, true]);
	assert.match(said[1]!, /refused P-384 .*; P-256 before it; DPS is asked with the same key$/);
	// A profile or an id that will not do comes with a certificate for the key.
	for (const code of ["dps.throttled", "dps.profile", "dps.response", "agent.closed", "tls.untrusted"] as const)
		leaveCurve(new Fault(code, "no word on the key"), options);
	assert.deepEqual([key(), isForDps(options)], [second, true]);
	assert.equal(turnCurve(new Fault("dps.csr-rejected", "no"), options), true);
	assert.deepEqual([curve(), isForDps(options)], ["P-256", false]);
	leaveCurve(new Fault("dps.not-found", "none"), options);
	assert.equal(curve(), "P-256");
});

test("where DPS refuses something else than that key, the hub is asked again, on the other curve", () => {
	const { options, curve } = scene();
	certificateRequest(options);
	for (const _ of [1, 2]) turnCurve(new Fault("hub.bad-request", "no"), options);
	assert.equal(curve(), "P-384");
	leaveCurve(new Fault("dps.not-found", "none"), options);
	assert.deepEqual([curve(), isForDps(options)], ["P-256", false]);
});

/** A record as a candidate of the pending key, or of a new one. */
function propose({ journal, options }: ReturnType<typeof scene>) {
	const { key } = certificateRequest(options);
	return journal.propose({
		key,
		chain: [Uint8Array.of(1)],
		hub: { host: "hub.example", port: 8883 },
		deviceId: "dev-001",
		registrationId: "dev-001",
		notBefore: 0,
		notAfter: 1,
		unknown: [],
	});
}

test("the refused curve goes into the credential, and into the next ones on the same curve", () => {
	const of = scene();
	certificateRequest(of.options);
	turnCurve(new Fault("dps.csr-rejected", "no"), of.options);
	of.journal.promote(propose(of));
	assert.equal(of.journal.load().current?.refused, "P-256");
	of.journal.promote(propose(of));
	const { current } = of.journal.load();
	assert.deepEqual([current?.sequence, current?.refused, of.journal.refused], [2, "P-256", "P-256"]);
});

test("a candidate's key in hardware, whose pending record is lost, is asked for again: no other takes its place", () => {
	const slots = new Slots();
	const of = scene({}, slots);
	of.journal.promote(propose(of));
	const candidate = propose(of);
	of.journal.dropPending();
	certificateRequest(of.options);
	assert.deepEqual([...slots.keys.keys()], ["a", "b"]);
	const { current, candidate: kept, damages } = of.journal.load();
	assert.deepEqual([current?.sequence, kept?.sequence, damages], [1, candidate.sequence, []]);
	assert.ok("signer" in kept!.key);
	assert.deepEqual(of.key(), kept!.key.signer.publicKey);
});

test("a key in hardware on the other curve stands beside the credential's and the candidate's", () => {
	const slots = new Slots(["P-256", "P-384"]);
	const of = scene({}, slots);
	of.journal.promote(propose(of));
	propose(of);
	assert.equal(turnCurve(new Fault("dps.csr-rejected", "no"), of.options), true);
	const { current, candidate, damages } = of.journal.load();
	assert.deepEqual([current?.sequence, candidate?.sequence, damages], [1, 2, []]);
	assert.deepEqual([...slots.keys.keys()], ["a", "b", "c"]);
});
