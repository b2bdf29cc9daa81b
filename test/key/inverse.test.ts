/** Inverses modulo the primes of both curves against noble's, random and where leading digits mislead. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { invert } from "@noble/curves/abstract/modular.js";
import { P256, P384 } from "../../src/key/curve.ts";
import { inversion } from "../../src/key/inverse.ts";

const RANDOM = 2000;

for (const [name, modulus] of Object.entries({
	"P-256 p": P256.p,
	"P-256 n": P256.n,
	"P-384 p": P384.p,
	"P-384 n": P384.n,
})) {
	const inverse = inversion(modulus);

	test(`${name}: inverses of random numbers of every length are noble's`, () => {
		for (let i = 0; i < RANDOM; i++) {
			const number = (BigInt(`0x${randomBytes(1 + (i % 48)).toString("hex")}`) % (modulus - 1n)) + 1n;
			assert.equal(inverse(number), invert(number, modulus), `of ${number}`);
		}
	});

	test(`${name}: inverses at both ends, of powers of two and of fractions of the modulus are noble's`, () => {
		const numbers = [1n, 2n, 3n, modulus - 1n, modulus - 2n, modulus >> 1n, (modulus >> 1n) + 1n];
		for (let i = 1n; i < 256n; i++)
			numbers.push(
				1n << i,
				(1n << i) - 1n,
				modulus / (i + 1n),
				modulus / (i + 1n) + 1n,
				modulus >> i,
				modulus - (1n << i),
			);
		for (const number of numbers)
			if (number > 0n && number < modulus) assert.equal(inverse(number), invert(number, modulus), `of ${number}`);
	});

	test(`${name}: zero and numbers out of range are refused`, () => {
		for (const number of [0n, modulus, modulus + 1n, -1n]) assert.throws(() => inverse(number), RangeError);
	});
}
