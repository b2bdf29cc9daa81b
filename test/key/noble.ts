/**
 * One process's share of the comparison with stock noble: public keys, signatures and verdicts, bit for bit.
 * `noble.ts CURVE SEED FROM TO` takes random keys, `noble.ts CURVE edges` the edge scalars. Prints how many agreed; throws
 * at the first difference.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { p256, p384 } from "@noble/curves/nist.js";
import { hex } from "../../src/base/bytes.ts";
import { CURVE_BYTES, KeyPair } from "../../src/key/pair.ts";
import { verify } from "../../src/key/verify.ts";
import { bigEndian } from "../support/signature.ts";

const OPTIONS = { prehash: false, format: "der", lowS: true } as const;

/** Every eighth signature is also verified. */
const VERIFY_EVERY = 8;

const [name, seed, from, to] = process.argv.slice(2);
const curve = name === "P-384" ? "P-384" : "P-256";
const stock = curve === "P-384" ? p384 : p256;
const size = CURVE_BYTES[curve];
const N = stock.Point.Fn.ORDER;
let agreed = 0;
const digestOf = (text: string): Uint8Array =>
	new Uint8Array(
		createHash(curve === "P-384" ? "sha384" : "sha256")
			.update(text)
			.digest(),
	);

/** On P-384 each edge has one digest in turn, unless SWEEP asks for all. */
const swept = curve === "P-256" || process.env.SWEEP !== undefined;
if (seed === "edges") {
	const digests = [0n, 1n, N - 1n, N, 2n ** BigInt(8 * size) - 1n].map((value) => bigEndian(value, size));
	for (const edge of edgeScalars()) {
		const scalar = bigEndian(edge, size);
		const key = comparedKey(scalar);
		for (const digest of swept ? digests : [digests[agreed % digests.length]!])
			compare(key, scalar, digest, agreed % VERIFY_EVERY === 0);
	}
} else
	for (let i = Number(from); i < Number(to); i++) {
		// The odds against a scalar out of range are 2^32 to 1, and the seed is printed.
		const scalar = digestOf(`${seed} scalar ${i}`);
		compare(comparedKey(scalar), scalar, digestOf(`${seed} message ${i}`), i % VERIFY_EVERY === 0);
	}
console.log(agreed);

function comparedKey(scalar: Uint8Array): KeyPair {
	const key = new KeyPair(scalar);
	assert.equal(hex(key.publicKey), hex(stock.getPublicKey(scalar, false)), "public key");
	return key;
}

function compare(key: KeyPair, scalar: Uint8Array, digest: Uint8Array, verified: boolean): void {
	const expected = stock.sign(digest, scalar, OPTIONS);
	const signature = key.sign(digest);
	assert.equal(hex(signature), hex(expected), "signature");
	if (verified) {
		assert.equal(verify(curve, key.publicKey, digest, signature), true);
		const other = digest.slice();
		other[size - 1]! ^= 1;
		assert.equal(
			verify(curve, key.publicKey, other, signature),
			stock.verify(signature, other, key.publicKey, OPTIONS),
		);
	}
	agreed++;
}

/** Both ends, powers of two and their neighbours, runs of bits at the comb's and the windows' boundaries. */
function edgeScalars(): bigint[] {
	const scalars: bigint[] = [];
	for (let i = 1n; i <= 40n; i++) scalars.push(i, N - i, (N >> 1n) + i, (N >> 1n) - i);
	for (let bit = 5n; bit < BigInt(8 * size); bit++) {
		const power = 1n << bit;
		scalars.push(power - 1n, power, power + 1n);
	}
	for (const width of [11n, 17n, 24n, 44n, 66n, 68n, 128n]) {
		let pattern = 0n;
		for (let at = 0n; at < BigInt(8 * size); at += 2n * width) pattern |= ((1n << width) - 1n) << at;
		scalars.push(pattern % N, (pattern << width) % N, N - (pattern % N));
	}
	return scalars.filter((scalar) => scalar > 0n && scalar < N);
}
