/**
 * A sample of powercut.test.ts and networkcut.test.ts with the device's own cryptography in place of the stand-in: every
 * third port call, and forty bytes by chance of each story. SEED=n repeats a run.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { choose } from "../lives/stand-in/choose.ts";
import { random } from "../support/random.ts";

choose({ cheap: false });
const { STORIES, tell } = await import("../lives/cuts.ts");

const SAMPLE = 40;

for (const story of STORIES) {
	test(`${story}: a cut at every third port call, with real keys`, async () => {
		const { points } = await tell(story, {});
		for (let power = 0; power < points; power += 3) assert.ok((await tell(story, { power })).where);
	});

	test(`${story}: ${SAMPLE} network cuts by chance, with real keys`, async () => {
		const source = random();
		const { received } = await tell(story, {});
		for (let i = 0; i < SAMPLE; i++) {
			const connection = source.integer(received.length);
			const bytes = source.integer(received[connection]!);
			try {
				await tell(story, { connection, bytes });
			} catch (error) {
				const what = `connection ${connection} cut after ${bytes} bytes (SEED=${source.seed})`;
				throw new Error(`${story}: ${what}`, { cause: error });
			}
		}
	});
}
