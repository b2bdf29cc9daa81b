/** `key: auto` over a life: a curve is left where another is taken, not to and fro between services that disagree about everything. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CsrCurves } from "../../cloud/contract.ts";
import { choose } from "../lives/stand-in/choose.ts";
import { random } from "../support/random.ts";

choose({ cheap: true });
const { World } = await import("../lives/world.ts");
const { curveOf } = await import("../../src/key/pair.ts");
const { Journal } = await import("../../src/identity/journal.ts");

const HOUR_MS = 3600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;

/** A device that lives on: each `renew` is another boot, until a certificate more has worked. */
function life(curves: CsrCurves = "both", acceptIssued = true) {
	const world = new World({ source: random(1), acceptIssued });
	world.authority.curves = curves;
	const steps: string[] = [];
	const requests = { hub: 0, dps: 0 };
	let proven = 0;
	world.observer = {
		onLog: (step, { code, curve }) => {
			if (step === "credential.proven") proven++;
			steps.push(String(code ?? curve ?? step));
		},
		onCloud: ({ event }) => {
			if (event === "renew") requests.hub++;
			if (event === "register") requests.dps++;
		},
	};
	const current = () => new Journal(world.openStore({})).load().current!;
	return {
		world,
		steps,
		requests,
		current,
		/** The curve that it ends on. */
		async renew() {
			const wanted = proven + 1;
			const { agent } = world.boot();
			if (proven > 0) agent.renew();
			await world.clock.until(() => proven === wanted, WEEK_MS);
			await world.clock.advance(1000);
			agent.close();
			await world.clock.advance(1000);
			const { key } = current();
			assert.ok("signer" in key);
			return curveOf(key.signer.publicKey);
		},
	};
}

for (const [rule, acceptIssued, curves] of [
	["both", true, ["P-256", "P-384", "P-384", "P-384", "P-384"]],
	["both", false, ["P-256", "P-384", "P-384", "P-384", "P-384"]],
	["p384", true, ["P-384", "P-384", "P-384", "P-384", "P-384"]],
] as const)
	test(`a hub that refuses every key, DPS takes ${rule}${acceptIssued ? "" : ", with the onboarding key"}: one change at most`, async () => {
		const { world, renew, requests } = life(rule, acceptIssued);
		world.faults.arm("renew-csr-rejected");
		const seen: string[] = [];
		for (const _ of curves) {
			Object.assign(requests, { hub: 0, dps: 0 });
			seen.push(await renew());
			if (seen.length > 1) assert.deepEqual(requests, { hub: 1, dps: 1 });
		}
		assert.deepEqual(seen, curves);
	});

test("a hub that refuses both curves while DPS is away: the key that waits for DPS is the one that gets the certificate", async () => {
	const { world, renew, steps, requests } = life();
	await renew();
	world.faults.arm("renew-csr-rejected");
	world.faults.arm("unavailable:6");
	Object.assign(requests, { hub: 0 });
	assert.equal(await renew(), "P-384");
	assert.deepEqual(
		steps.filter((step) => step.startsWith("P-")),
		["P-256", "P-256", "P-384"],
	);
	// P-256, P-384, and none any more: DPS has to say.
	assert.equal(requests.hub, 2);
});

test("a rule that turns after the hub and DPS have taken the other: the hub's word is left to DPS, which turns it at once", async () => {
	const { world, renew, current } = life("p384");
	assert.equal(await renew(), "P-384");
	assert.equal(current().refused, "P-256");
	world.authority.curves = "p256";
	const from = world.clock.ticks();
	assert.equal(await renew(), "P-256");
	assert.ok(world.clock.ticks() - from < HOUR_MS / 2);
	assert.equal(current().refused, "P-384");
});

test("the same where DPS knows the device no more: after its refusal the hub gets the other curve", async () => {
	const { world, renew, current } = life("p384");
	await renew();
	world.authority.curves = "p256";
	world.faults.arm("not-found");
	assert.equal(await renew(), "P-256");
	assert.equal(current().refused, "P-384");
});
