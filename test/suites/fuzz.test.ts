/** The parsers of fuzz/targets.ts, a short run without a guide, the same each time; `npm run fuzz` is the long one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { random } from "../support/random.ts";
import { mutated } from "./fuzz/mutate.ts";
import { corpusOf, finding, TARGETS } from "./fuzz/targets.ts";

const ROUNDS = 1_000;

for (const target of TARGETS)
	test(target.name, () => {
		const corpus = corpusOf(target);
		const source = random();
		let left = ROUNDS;
		for (const bytes of target.seeds) assert.doesNotThrow(() => target.run(bytes), "what is sound is read");
		for (const bytes of corpus) check(bytes);
		while (left-- > 0) check(mutated(corpus, source));

		function check(bytes: Uint8Array): void {
			const wrong = finding(target, bytes);
			const stack = wrong instanceof Error ? wrong.stack : wrong;
			assert.equal(wrong, undefined, `SEED=${source.seed}, ${Buffer.from(bytes).toString("base64")}: ${stack}`);
		}
	});
