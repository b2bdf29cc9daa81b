import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { type App, buildForXs, skip } from "./harness.ts";

test("builds", { skip }, async () => {
	const app = await buildForXs({
		name: "tls",
		manifest: {
			include: [
				"$(ENROLLEE)/hw/moddable/tls/manifest.json",
				"$(MODDABLE)/examples/manifest_base.json",
				"$(ENROLLEE)/hw/simulator/lib/manifest.json",
			],
			creation: { stack: 1024 },
			modules: { "*": [], main: "$(ENROLLEE)/test/sim/apps/tls" },
		},
	});
	const run = await app.run({ environment: { SCENARIOS: "[]" }, timeoutSeconds: 20 });
	console.log(run);
});
