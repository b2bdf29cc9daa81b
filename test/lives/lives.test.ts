/**
 * A sample of `npm run lives`: years of a device with power cuts, network cuts and service errors by chance, the first life
 * with the device's own cryptography. No invariant may break; and a life has what README says of one, half to twice.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { numbersIn, rowOf } from "../newcomer/documents.ts";
import { SEED } from "../support/random.ts";
import type { LifeResult } from "./life.ts";
import { runLives } from "./lives.ts";
import { summary } from "./summary.ts";

const YEARS = 2;
const lived: LifeResult[] = [];

for (const seed of [SEED, SEED + 1000])
	test(`lives from seed ${seed}`, async () => {
		const results = await runLives({ lives: 8, years: YEARS, seed, threads: 1 });
		lived.push(...results);
		const { violations: _number, ...numbers } = summary(results);
		console.log(`seed ${seed}: ${JSON.stringify(numbers)}`);
		const violations = results.flatMap((result) =>
			result.violations.map((text) => `${text} (--years ${YEARS} --seed ${seed} --only ${result.seed - seed})`),
		);
		assert.deepEqual(violations, []);
		assert.equal(results.length, 8);
		assert.ok(
			numbers.renewals > 50 && numbers.powerCuts > 50 && numbers.networkCuts > 10 && numbers.serviceErrors > 50,
		);
	});

/** Of sixteen lives some have many times the network cuts of others: half to twice what is said. */
const BAND = 2;

test("README's lives are such lives: what one has in ten years", () => {
	const { lives, renewals, powerCuts, networkCuts, serviceErrors } = summary(lived);
	const inTenYears = (count: number): number => (10 / YEARS) * (count / lives);
	const near = (claimed: readonly number[], counts: readonly number[], what: string): void => {
		for (const [at, number] of counts.map(inTenYears).entries()) {
			const ratio = claimed[at]! / number;
			assert.ok(ratio <= BAND && ratio >= 1 / BAND, `${what}, number ${at + 1}: ${claimed[at]}, not ${number}`);
		}
	};
	const mean = /in a mean life, (\d+) power cuts, (\d+) network cuts and (\d+) service errors/;
	near(numbersIn("README.md", mean), [powerCuts, networkCuts, serviceErrors], "a mean life");
	for (const [label, many] of [
		["10,000 ", 10_000],
		["3,000, on flash", 3000],
		["600,", 600],
		["5,000, and with", 5000],
		["10,000, the same", 10_000],
	] as const) {
		const claimed = rowOf("README.md", label).map((count) => count / many);
		near(claimed, [renewals, powerCuts + networkCuts, serviceErrors], label);
	}
});
