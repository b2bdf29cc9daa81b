/**
 * One process's share of the comparison with stock noble: public keys, signatures and verdicts, bit for bit.
 * `key-noble.ts SEED FROM TO` takes random keys, `key-noble.ts edges` the edge scalars. Prints how many agreed; throws
 * at the first difference.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { p256 as stock } from "@noble/curves/nist.js";
import { hex } from "../../src/base/bytes.ts";
import { KeyPair } from "../../src/key/p256.ts";
import { verify } from "../../src/key/verify.ts";
import { bigEndian } from "../support/signature.ts";

const N = stock.Point.Fn.ORDER;
const OPTIONS = { prehash: false, format: "der", lowS: true } as const;

/** Every eighth signature is also verified. */
const VERIFY_EVERY = 8;

const [seed, from, to] = process.argv.slice(2);
let agreed = 0;
const digestOf = (text: string): Uint8Array => new Uint8Array(createHash("sha256").update(text).digest());

if (seed === "edges") {
	const digests = [0n, 1n, N - 1n, N, 2n ** 256n - 1n].map((value) => bigEndian(value, 32));
	for (const scalar of edgeScalars())
		for (const digest of digests) compare(bigEndian(scalar, 32), digest, agreed % VERIFY_EVERY === 0);
} else
	for (let i = Number(from); i < Number(to); i++) {
		// The odds against a scalar out of range are 2^32 to 1, and the seed is printed.
		const scalar = digestOf(`${seed} scalar ${i}`);
		compare(scalar, digestOf(`${seed} message ${i}`), i % VERIFY_EVERY === 0);
	}
console.log(agreed);

function compare(scalar: Uint8Array, digest: Uint8Array, verified: boolean): void {
	const key = new KeyPair(scalar);
	const expected = stock.sign(digest, scalar, OPTIONS);
	const signature = key.sign(digest);
	assert.equal(hex(key.publicKey), hex(stock.getPublicKey(scalar, false)), "public key");
	assert.equal(hex(signature), hex(expected), "signature");
	if (verified) {
		assert.equal(verify("P-256", key.publicKey, digest, signature), true);
		const other = digest.slice();
		other[31]! ^= 1;
		assert.equal(
			verify("P-256", key.publicKey, other, signature),
			stock.verify(signature, other, key.publicKey, OPTIONS),
		);
	}
	agreed++;
}

/** Both ends, powers of two and their neighbours, runs of bits at the comb's and the windows' boundaries. */
function edgeScalars(): bigint[] {
	const scalars: bigint[] = [];
	for (let i = 1n; i <= 40n; i++) scalars.push(i, N - i, (N >> 1n) + i, (N >> 1n) - i);
	for (let bit = 5n; bit < 256n; bit++) {
		const power = 1n << bit;
		scalars.push(power - 1n, power, power + 1n);
	}
	for (const width of [11n, 24n, 44n, 66n, 128n]) {
		let pattern = 0n;
		for (let at = 0n; at < 256n; at += 2n * width) pattern |= ((1n << width) - 1n) << at;
		scalars.push(pattern % N, (pattern << width) % N, N - (pattern % N));
	}
	return scalars.filter((scalar) => scalar > 0n && scalar < N);
}
