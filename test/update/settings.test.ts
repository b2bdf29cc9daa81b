/** What updates need of the configuration: keys, class, vendor, the trial's time, the anchors of download servers. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createReleaseKey, readPublicKey } from "../../hw/node/bundle/key.ts";
import { vendorUuid } from "../../hw/node/bundle/pack.ts";
import { hex } from "../../src/base/bytes.ts";
import { parseConfig } from "../../src/config.ts";
import { classUuid, defaultVendor } from "../../src/suit/uuid.ts";
import { isFault } from "../support/random.ts";
import { NEXT_KEY, RELEASE_KEY } from "../support/release.ts";
import { UPDATES } from "../support/updated.ts";

const LEAST = { idScope: "0ne00ABCDEF", registrationId: "dev-001" };

test("without a release key updates are off, and nothing else is needed", () => {
	const { keys, vendor, trialSeconds, anchors } = parseConfig(LEAST).updates;
	assert.deepEqual([keys, hex(vendor), trialSeconds, anchors], [[], hex(defaultVendor()), 600, []]);
});

test("two keys, a class under the default vendor or under one's own, by UUID or by domain", () => {
	const { keys, class: ours } = parseConfig({ ...LEAST, ...UPDATES }).updates;
	assert.deepEqual(keys.map(hex), [hex(RELEASE_KEY.publicKey), hex(NEXT_KEY.publicKey)]);
	assert.equal(hex(ours), hex(classUuid(defaultVendor(), "esp32/devkit/4m")));
	for (const updateVendor of ["fa6b4a53-d5ad-5fdf-be9d-e663e4d41ffe", "example.com"]) {
		const { vendor } = parseConfig({ ...LEAST, ...UPDATES, updateVendor }).updates;
		assert.equal(hex(vendor), hex(vendorUuid(updateVendor)), "as `enrollee bundle` understands it");
	}
});

test("the key file of `enrollee bundle key` is read as the same key", () => {
	const folder = mkdtempSync(join(tmpdir(), "enrollee-keys-"));
	try {
		const file = join(folder, "release.pub");
		createReleaseKey(join(folder, "release.pem"), file);
		const { keys } = parseConfig({ ...LEAST, ...UPDATES, releaseKey: readFileSync(file, "utf8") }).updates;
		assert.equal(hex(keys[0]!), hex(readPublicKey(file)));
	} finally {
		rmSync(folder, { recursive: true });
	}
});

test("anchors for download servers are those of `ca` unless others are given", () => {
	const [hub, downloads] = [
		"hw/moddable/tls/anchors/DigiCert_Global_Root_G2.der",
		"hw/moddable/tls/anchors/Microsoft_RSA_Root_2017.der",
	].map((file) => readFileSync(new URL(`../../${file}`, import.meta.url)).toString("base64"));
	const one = parseConfig({ ...LEAST, ca: hub });
	assert.deepEqual(one.updates.anchors, one.anchors);
	const two = parseConfig({ ...LEAST, ca: hub, updateCa: downloads });
	assert.notDeepEqual(two.updates.anchors, two.anchors);
	assert.equal(two.updates.anchors.length, 1);
});

const ed25519 = (): string =>
	generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" }).toString();

for (const [what, change, code, said] of [
	["a key without a class", { updateClass: undefined }, "config.missing", /updateClass/],
	["a key that is no PEM", { releaseKey: "abc" }, "config.invalid", /releaseKey/],
	[
		"two keys in one file",
		{ nextReleaseKey: `${UPDATES.releaseKey}${UPDATES.releaseKey}` },
		"config.invalid",
		/nextReleaseKey/,
	],
	["a key of another kind", { releaseKey: ed25519() }, "config.invalid", /releaseKey: expected a P-256 key/],
	["a vendor that is neither UUID nor domain", { updateVendor: "me" }, "config.invalid", /updateVendor/],
	["a trial of nine seconds", { trialSeconds: "9" }, "config.invalid", /trialSeconds: expected 10 to 86400/],
] as const)
	test(`${what} is refused`, () => {
		assert.throws(
			() => parseConfig({ ...LEAST, ...UPDATES, ...change }),
			(thrown) => isFault(code)(thrown) && said.test((thrown as Error).message),
		);
	});
