/** hw/moddable/entropy on XS: the Entropy port, the SDK's `rng`, and crypto.getRandomValues. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { type App, buildForXs, skip } from "../../hw/simulator/harness.ts";

test("random bytes on XS", { skip }, async (t) => {
	let app: App;
	before(async () => {
		app = await buildForXs({
			name: "entropy",
			manifest: {
				include: [
					"$(ENROLLEE)/hw/moddable/manifest_entropy.json",
					"$(MODDABLE)/examples/manifest_base.json",
					"$(MODDABLE)/modules/crypt/tls_419.json",
					"$(ENROLLEE)/hw/simulator/lib/manifest.json",
				],
				modules: { "*": [], main: "$(ENROLLEE)/test/sim/apps/entropy" },
			},
		});
	});

	await t.test("two runs draw different bytes from every source", async () => {
		const drawn = [];
		for (let i = 0; i < 2; i++) {
			const { exitCode, output } = await app.run();
			assert.equal(exitCode, 0, output);
			drawn.push(...[...output.matchAll(/^(port|rng|getRandomValues) ([0-9a-f]{64})$/gm)].map(([, , bytes]) => bytes));
		}
		assert.equal(drawn.length, 6);
		assert.equal(new Set(drawn).size, 6);
	});
});
