/**
 * Both flavours of the key room as the plugin leaves them, on Node, with every comparison that was left alone watched:
 * none ever sees two BigInts, and keys, signatures and verdicts are stock noble's.
 */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { p256 as stock } from "@noble/curves/nist.js";
import { hex } from "../../src/base/bytes.ts";
import { bundleKeyRoom, load } from "../support/key-bundle.ts";
import { bigEndian } from "../support/signature.ts";

const N = stock.Point.Fn.ORDER;
const OPTIONS = { prehash: false, format: "der", lowS: true } as const;
const audited = globalThis as { xsRomAudit?: { comparisons: number; bigints: number } };

for (const flavour of ["fast", "noble-formulas"] as const)
	test(`${flavour}: no comparison left alone sees two BigInts, and everything is stock noble's`, async () => {
		delete audited.xsRomAudit;
		const room = await load(await bundleKeyRoom({ flavour, audit: true }));
		assert.equal(room.flavour, flavour);
		assert.equal(room.armed(), true);
		const scalars = [1n, 2n, 3n, N >> 1n, N - 2n, N - 1n].map((scalar) => bigEndian(scalar, 32));
		while (scalars.length < 40) scalars.push(stock.utils.randomSecretKey());
		for (const scalar of scalars) {
			const digest = new Uint8Array(createHash("sha256").update(randomBytes(20)).digest());
			const key = new room.KeyPair(scalar);
			const signature = key.sign(digest);
			assert.equal(hex(key.publicKey), hex(stock.getPublicKey(scalar, false)));
			assert.equal(hex(signature), hex(stock.sign(digest, scalar, OPTIONS)));
			assert.equal(room.verify("P-256", key.publicKey, digest, signature), true);
			for (const bad of [
				bigEndian(0n, 64),
				signature.slice(1),
				signature.map((byte, i) => (i === 20 ? byte ^ 1 : byte)),
			])
				assert.equal(room.verify("P-256", key.publicKey, digest, bad), false);
			assert.equal(room.verify("P-384", key.publicKey, digest, signature), false);
		}
		for (const scalar of [0n, N, N + 1n])
			assert.throws(() => new room.KeyPair(bigEndian(scalar, 32)), { name: "Fault", code: "key.invalid" });
		const { comparisons, bigints } = audited.xsRomAudit!;
		assert.equal(bigints, 0);
		assert.ok(comparisons > 10_000, `${comparisons} comparisons audited`);
	});
