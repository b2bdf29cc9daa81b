/** A chain that the authority has examined before is judged as strictly as the first time. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { authorityRequest, Ca } from "../../cloud/ca.ts";
import { Known } from "../../cloud/known.ts";
import { LeafIssuer } from "../../cloud/leaf.ts";
import { createEntity } from "../../cloud/pki.ts";
import { makeCsr } from "./cloud-probe.ts";
import { bytesInUse } from "./in-use.ts";

const DAY_MS = 24 * 3600_000;
const now = Date.now();
let ca: Ca;
let chain: readonly Uint8Array[];
before(async () => {
	ca = await Ca.create("P-384", now);
	const { der } = await makeCsr("dev-001");
	const request = { commonName: "dev-001", csr: der, now, validitySeconds: 3600 };
	const issued = await new Promise<Parameters<Parameters<Ca["issue"]>[1]>[0]>((done) => ca.issue(request, done));
	assert(!("error" in issued));
	chain = issued.chain;
});

const refusal = (given = chain, name = "dev-001", at = now, by = ca) => {
	const examined = by.examine(given, name, at, "operational");
	return "refusal" in examined ? examined.refusal : undefined;
};

/** An authority that has not issued it: every signature is checked, then remembered. */
const restarted = async () => Ca.load(await ca.save());

for (const [who, of] of [
	["the authority that has issued it", async () => ca],
	["an authority that was restarted", restarted],
] as const)
	test(`${who} knows the chain again, and looks at name, dates, leaf and issuers each time`, async () => {
		const by = await of();
		const judge = (given = chain, name = "dev-001", at = now) => refusal(given, name, at, by);
		assert.equal(judge(), undefined);
		assert.equal(judge(), undefined);
		assert.equal(judge(chain, "dev-002"), "the certificate is for dev-001");
		assert.equal(judge(chain, "dev-001", now + 2 * 3600_000), "a certificate is outside its dates");
		assert.equal(judge(chain, "dev-001", now - DAY_MS), "a certificate is outside its dates");
		assert.equal(judge(chain.slice(0, 1)), "the presented chain does not lead to the device CA");
		assert.equal(judge(chain.slice(1)), "an authority's certificate is not a device's");
		const forged = Uint8Array.from(chain[0]!);
		forged[forged.length - 1]! ^= 1;
		assert.equal(judge([forged, ...chain.slice(1)]), "the presented chain does not lead to the device CA");
		assert.equal(Object.hasOwn(by.examine(chain, "dev-001", now, "onboarding"), "refusal"), true);
		assert.equal(judge(), undefined);
	});

test("a root that is forgotten takes with it what is known of its chains", async () => {
	const by = await restarted();
	assert.equal(refusal(chain, "dev-001", now, by), undefined);
	await by.roll("P-384", now, false);
	assert.equal(refusal(chain, "dev-001", now, by), undefined);
	await by.roll("P-384", now, true);
	assert.equal(refusal(chain, "dev-001", now, by), "the presented chain does not lead to the device CA");
});

test("a stranger's certificate is remembered in a KB, whatever its name: 50,000 of them are", async () => {
	const leaves = new LeafIssuer(await createEntity("P-256", authorityRequest("Anybody", "root", now)));
	const { spki } = await makeCsr("dev-001");
	// Each is written as a backslash and its number, and each backslash taken out again.
	const commonName = `\u0100${"\u0001".repeat(3000)}`;
	const request = { commonName, role: { kind: "client" }, notBefore: now, notAfter: now + DAY_MS } as const;
	const certificates = Array.from({ length: 200 }, () => leaves.issue(request, spki).der);
	const known = new Known();
	const before = bytesInUse();
	for (const certificate of certificates) known.read(certificate);
	const held = (bytesInUse() - before) / certificates.length;
	assert.ok(held < 4096, `${held} bytes each`);
	const first = known.read(certificates[0]!);
	assert.deepEqual([first.bytes, first.commonName.length], [certificates[0], 256]);
});
