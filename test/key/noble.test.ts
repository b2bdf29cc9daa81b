/**
 * Public keys and signatures are bit-identical with stock noble's: random keys and messages (with SWEEP=1 10,000 on P-256, 5,000 on P-384), and the scalars
 * where the comb, its recoding and the incomplete formulas have their corners. Multiples for verification likewise,
 * where sums meet equal, opposite and infinite points.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { p256 as stock256, p384 as stock384 } from "@noble/curves/nist.js";
import { p256, p384 } from "../../src/key/ecdsa.ts";
import { TYPESCRIPT } from "../support/command.ts";
import { SEED, sampled } from "../support/random.ts";

const KEYS = { "P-256": sampled(10_000, 2_000), "P-384": sampled(5_000, 500) };
const PROCESSES = 2;

const seed = String(SEED);
const compared = async (...args: (string | number)[]): Promise<number> => {
	const script = fileURLToPath(new URL("noble.ts", import.meta.url));
	const { stdout } = await promisify(execFile)(process.execPath, [...TYPESCRIPT, script, ...args.map(String)]);
	return Number(stdout);
};

for (const [curve, keys] of Object.entries(KEYS))
	test(`${curve}: ${keys} random keys and messages, seed ${seed}, and the edge scalars: noble's keys and signatures`, async () => {
		const share = keys / PROCESSES;
		const shares = Array.from({ length: PROCESSES }, (_, i) => compared(curve, seed, i * share, (i + 1) * share));
		const agreed = await Promise.all(shares);
		assert.equal(
			agreed.reduce((a, b) => a + b, 0),
			keys,
		);
		assert.ok((await compared(curve, "edges")) > 1000);
	});

for (const [name, ours, stock] of [
	["P-256", p256, stock256],
	["P-384", p384, stock384],
] as const) {
	const { Point } = ours;
	const n = Point.Fn.ORDER;
	const random = () => (BigInt(`0x${randomBytes(64).toString("hex")}`) % (n - 1n)) + 1n;
	const compare = (a: bigint, d: bigint, b: bigint) => {
		const theirs = stock.Point.BASE.mulAddUnsafe(a, stock.Point.BASE.multiplyUnsafe(d), b);
		const q = Point.fromAffine(stock.Point.BASE.multiplyUnsafe(d).toAffine());
		const sum = Point.BASE.mulAddUnsafe(a, q, b);
		assert.equal(sum.is0(), theirs.is0(), `infinity, ${a} G + ${b} ${d} G`);
		if (!sum.is0()) assert.equal(sum.toHex(), theirs.toHex(), `${a} G + ${b} ${d} G`);
	};

	test(`${name}: a G + b Q is noble's where sums meet equal, opposite and infinite points`, () => {
		for (let a = 0n; a < 12n; a++)
			for (let b = 0n; b < 12n; b++) for (const d of [1n, 2n, 3n, n - 1n]) compare(a, d, b);
		for (const small of [1n, 2n, 3n, 5n, 16n]) {
			const b = random();
			compare(n - ((small * b) % n), small, b);
			compare((small * b) % n, small, b);
			compare(n - 1n, small, 1n);
			compare(1n, n - small, n - 1n);
		}
	});

	test(`${name}: a G + b Q is noble's for random scalars and keys`, () => {
		for (let i = 0; i < 30; i++) compare(random(), random(), random());
	});

	test(`${name}: curve parameters are noble's`, () => assert.deepEqual(Point.CURVE(), stock.Point.CURVE()));
}

test("scalars out of range never reach the comb", () => {
	for (const { Point } of [p256, p384])
		for (const scalar of [0n, Point.Fn.ORDER, -1n, 2n ** BigInt(Point.Fn.BITS)])
			assert.throws(() => Point.BASE.multiply(scalar), RangeError);
});
