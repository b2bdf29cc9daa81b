/**
 * A sample of `npm run lives`: years of a device with power cuts, network cuts and service errors by chance, the first life
 * with the device's own cryptography. No invariant may break.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SEED } from "../support/random.ts";
import { runLives } from "./lives.ts";
import { summary } from "./summary.ts";

for (const seed of [SEED, SEED + 1000])
	test(`lives from seed ${seed}`, async () => {
		const years = 2;
		const results = await runLives({ lives: 8, years, seed, threads: 1 });
		const { violations: _number, ...numbers } = summary(results);
		console.log(`seed ${seed}: ${JSON.stringify(numbers)}`);
		const violations = results.flatMap((result) =>
			result.violations.map((text) => `${text} (--years ${years} --seed ${seed} --only ${result.seed - seed})`),
		);
		assert.deepEqual(violations, []);
		assert.equal(results.length, 8);
		assert.ok(
			numbers.renewals > 50 && numbers.powerCuts > 50 && numbers.networkCuts > 10 && numbers.serviceErrors > 50,
		);
	});
