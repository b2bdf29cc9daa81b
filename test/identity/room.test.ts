/** A renewal for whose certificate flash has no room is not begun: it costs no certificate, and all stays as it is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "../lives/world.ts";
import { random } from "../support/random.ts";

const HOUR_MS = 3600_000;

for (const fault of ["none", "refuse-preview"] as const)
	test(`a renewal without room for it is not begun, and is made up for when there is room (cloud: ${fault})`, async () => {
		const world = new World({ source: random(1), pairs: true });
		const steps: string[] = [];
		let requests = 0;
		world.observer = {
			onLog: (step, { code }) => steps.push(code === undefined ? step : String(code)),
			onCloud: ({ event }) => {
				if (event === "renew" || event === "register") requests++;
			},
		};
		if (fault !== "none") world.faults.arm(fault);
		const { agent } = world.boot();
		await world.clock.until(() => steps.includes("credential.proven"), HOUR_MS);
		assert.ok(!steps.includes("store.low"));
		await world.clock.advance(1000);
		const before = new Map(world.flash);

		requests = 0;
		world.others = 1650;
		agent.renew();
		await world.clock.until(() => steps.includes("renewal.failed"), HOUR_MS);
		assert.ok(
			steps.includes("store.full") && !steps.includes("key.generated", steps.indexOf("store.full")),
			`${steps}`,
		);
		assert.equal(requests, 0);
		assert.deepEqual(new Map(world.flash), before);
		assert.equal(agent.state, "connected");

		await world.clock.advance(26 * HOUR_MS);
		assert.ok(steps.includes("store.low"), "it is said within a day");
		world.others = 300;
		await world.clock.until(() => steps.lastIndexOf("credential.proven") > steps.indexOf("store.full"), 26 * HOUR_MS);
		assert.ok(requests > 0);
		agent.close();
	});
