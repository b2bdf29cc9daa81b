/**
 * Power cut at every port call of an enrolment and of a renewal, each way: before and after every store write, and at
 * every read, connection, write and timer. After each the device boots again, ends connected, and its renewal is done.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { choose } from "../lives/stand-in/choose.ts";

choose({ cheap: true });
const { STORIES, tell } = await import("../lives/cuts.ts");

for (const story of STORIES)
	test(`${story}: a cut at every port call`, async () => {
		const places: string[] = [];
		for (;;) {
			try {
				const { where } = await tell(story, { power: places.length });
				if (where === undefined) break;
				places.push(where);
			} catch (error) {
				throw new Error(`${story}: cut number ${places.length}, after ${places.slice(-3).join(", ")}`, {
					cause: error,
				});
			}
		}
		const writes = places.filter((place) => /store\.(put|delete)/.test(place));
		console.log(`${story}: ${places.length} cuts, ${writes.length} of them at store writes`);
		// A put of the key, of the candidate and of the pointer, the deletion of the key and of a predecessor; before and after.
		assert.ok(writes.length >= 10, writes.join("\n"));
	});
