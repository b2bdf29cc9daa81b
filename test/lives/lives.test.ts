/**
 * A sample of `npm run lives`: years of a device with power cuts, network cuts and service errors by chance, the same
 * lives in each run and others in each run; the first of each with the device's own cryptography. No invariant may break.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runLives } from "./lives.ts";
import { summary } from "./summary.ts";

const FIXED = 1;
const NEW = Number(process.env.SEED ?? Date.now() % 1_000_000);

for (const [what, seed] of [
	["the same lives as ever", FIXED],
	[`new lives, seed ${NEW}`, NEW],
] as const)
	test(what, async () => {
		const years = 2;
		const results = await runLives({ lives: 8, years, seed, threads: 1 });
		const { violations: _number, ...numbers } = summary(results);
		console.log(`${what}: ${JSON.stringify(numbers)}`);
		const violations = results.flatMap((result) =>
			result.violations.map((text) => `${text} (--years ${years} --seed ${seed} --only ${result.seed - seed})`),
		);
		assert.deepEqual(violations, []);
		assert.equal(results.length, 8);
		assert.ok(
			numbers.renewals > 50 && numbers.powerCuts > 50 && numbers.networkCuts > 10 && numbers.serviceErrors > 50,
		);
	});
