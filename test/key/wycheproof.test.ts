/**
 * Project Wycheproof, ECDSA P-256 with SHA-256, DER signatures: forged, malformed and edge-case signatures.
 *
 * Our verdict must equal the vectors' and stock noble's. Vectors come from ../shared/vectors beside the project.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { p256 } from "@noble/curves/nist.js";
import { sha256 } from "#digest";
import { fromHex } from "../../src/base/bytes.ts";
import { verify } from "../../src/key/verify.ts";

interface Vectors {
	readonly numberOfTests: number;
	readonly testGroups: readonly {
		readonly publicKey: { readonly uncompressed: string };
		readonly tests: readonly {
			readonly tcId: number;
			readonly comment: string;
			readonly msg: string;
			readonly sig: string;
			readonly result: "valid" | "invalid" | "acceptable";
		}[];
	}[];
}

const FILE = new URL("../../../shared/vectors/ecdsa_secp256r1_sha256_test.json", import.meta.url);
const skip = existsSync(FILE) ? false : "SKIPPED: no ../shared/vectors/ecdsa_secp256r1_sha256_test.json";

test("every Wycheproof verdict is ours, and stock noble's", { skip }, () => {
	const vectors = JSON.parse(readFileSync(FILE, "utf8")) as Vectors;
	let checked = 0;
	for (const group of vectors.testGroups) {
		const publicKey = fromHex(group.publicKey.uncompressed);
		for (const { tcId, comment, msg, sig, result } of group.tests) {
			const digest = sha256(fromHex(msg));
			const signature = fromHex(sig);
			const ours = verify("P-256", publicKey, digest, signature);
			assert.equal(ours, result === "valid", `${tcId}: ${comment}`);
			assert.equal(ours, nobleVerifies(signature, digest, publicKey), `noble, ${tcId}: ${comment}`);
			checked++;
		}
	}
	assert.equal(checked, vectors.numberOfTests);
	assert.ok(checked >= 400);
});

function nobleVerifies(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean {
	try {
		return p256.verify(signature, digest, publicKey, { prehash: false, lowS: false, format: "der" });
	} catch {
		return false;
	}
}
