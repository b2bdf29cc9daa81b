/** What a device that wakes, sends and sleeps (`once`) writes into flash, as docs/battery.md has it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "../lives/world.ts";
import { numbersIn } from "../newcomer/documents.ts";
import { Power } from "../support/power.ts";
import { source } from "./credential-probe.ts";

const DAY_MS = 24 * 3600_000;

test("docs/battery.md: a wake writes nothing; an enrolment and a renewal three and four small blobs", async () => {
	const world = new World({ source, pairs: true });
	const blobs: number[] = [];
	world.flash.onChange = (_name, _before, after) => after && blobs.push(after.length);
	const wake = async (): Promise<number> => {
		blobs.length = 0;
		let ended: unknown;
		const { agent } = world.boot(new Power(), { once: true });
		agent.finished.then(
			() => (ended = "closed"),
			(thrown) => (ended = thrown),
		);
		agent.telemetry({ celsius: 21.5 });
		await world.clock.until(() => ended !== undefined, DAY_MS);
		assert.equal(ended, "closed");
		assert.ok(Math.max(0, ...blobs) < 4096);
		return blobs.length;
	};
	const enrolment = await wake();
	assert.equal(await wake(), 0);
	await world.clock.advance(25 * DAY_MS);
	const renewal = await wake();
	assert.deepEqual(
		numbersIn("docs/battery.md", /writes nothing\. An enrolment writes (\w+) small blobs, a renewal (\w+)/),
		[enrolment, renewal],
	);
	assert.equal(await wake(), 0);
});
