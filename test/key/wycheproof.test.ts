/**
 * Project Wycheproof, ECDSA on P-256 with SHA-256 and on P-384 with SHA-384, signatures in DER and raw (IEEE P1363): forged,
 * malformed and edge-case ones.
 *
 * Our verdict must equal the vectors' and stock noble's. Vectors come from $WYCHEPROOF (its folder testvectors_v1), else from
 * ../shared/vectors beside the project.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { p256, p384 } from "@noble/curves/nist.js";
import { sha256, sha384 } from "#digest";
import { fromHex } from "../../src/base/bytes.ts";
import { verify, verifyRaw } from "../../src/key/verify.ts";

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

const FOLDER = process.env.WYCHEPROOF ?? fileURLToPath(new URL("../../../shared/vectors", import.meta.url));
const DER = { format: "der", suffix: "", check: verify, least: 400 } as const;
const RAW = { format: "compact", suffix: "_p1363", check: verifyRaw, least: 200 } as const;
const SETS = [
	{ curve: "P-256", name: "ecdsa_secp256r1_sha256", digest: sha256, stock: p256, ...DER },
	{ curve: "P-384", name: "ecdsa_secp384r1_sha384", digest: sha384, stock: p384, ...DER },
	{ curve: "P-256", name: "ecdsa_secp256r1_sha256", digest: sha256, stock: p256, ...RAW },
	{ curve: "P-384", name: "ecdsa_secp384r1_sha384", digest: sha384, stock: p384, ...RAW },
] as const;

for (const { curve, name, digest, stock, format, suffix, check, least } of SETS) {
	const file = `${name}${suffix}_test.json`;
	const path = join(FOLDER, file);
	const skip = existsSync(path) ? false : `SKIPPED: no ${file} in $WYCHEPROOF or ../shared/vectors`;

	test(`${curve}, ${format}: every Wycheproof verdict is ours, and stock noble's`, { skip }, () => {
		const vectors = JSON.parse(readFileSync(path, "utf8")) as Vectors;
		let checked = 0;
		for (const group of vectors.testGroups) {
			const publicKey = fromHex(group.publicKey.uncompressed);
			for (const { tcId, comment, msg, sig, result } of group.tests) {
				const hash = digest(fromHex(msg));
				const signature = fromHex(sig);
				const ours = check(curve, publicKey, hash, signature);
				assert.equal(ours, result === "valid", `${tcId}: ${comment}`);
				assert.equal(ours, nobleVerifies(stock, signature, hash, publicKey, format), `noble, ${tcId}: ${comment}`);
				checked++;
			}
		}
		assert.equal(checked, vectors.numberOfTests);
		assert.ok(checked >= least);
	});
}

function nobleVerifies(
	stock: typeof p256,
	signature: Uint8Array,
	digest: Uint8Array,
	publicKey: Uint8Array,
	format: "der" | "compact",
): boolean {
	try {
		return stock.verify(signature, digest, publicKey, { prehash: false, lowS: false, format });
	} catch {
		return false;
	}
}
