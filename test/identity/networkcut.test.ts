/**
 * The connection closed after every byte that the service sends in an enrolment and in a renewal, each way (after every fifth,
 * unless SWEEP=1 asks for all). After each
 * the device comes back by itself, ends connected, and has what it wanted.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { choose } from "../lives/stand-in/choose.ts";
import { SEED, sampled } from "../support/random.ts";

choose({ cheap: true });
const { STORIES, tell } = await import("../lives/cuts.ts");

const STEP = sampled(1, 5);

for (const story of STORIES)
	test(`${story}: a cut after ${STEP === 1 ? "every" : "every fifth"} byte of the service`, async () => {
		const { received } = await tell(story, {});
		let cuts = 0;
		for (const [connection, most] of received.entries())
			for (let bytes = SEED % STEP; bytes < most; bytes += STEP, cuts++) {
				try {
					await tell(story, { connection, bytes });
				} catch (error) {
					throw new Error(`${story}: connection ${connection} cut after ${bytes} bytes`, { cause: error });
				}
			}
		console.log(`${story}: ${cuts} cuts in ${received.length} connections`);
		assert.ok(received.length >= 2 && cuts > 1000 / STEP);
	});
