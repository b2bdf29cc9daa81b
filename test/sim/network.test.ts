/** hw/moddable/network.ts, the Wi-Fi of ESP32, on XS over a radio in memory: it never gives up, and main starts once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runOnXs, skip } from "../../hw/simulator/harness.ts";

test("Wi-Fi is tried until it is there, and again after a loss; main starts once, with the time asked", {
	skip,
}, async () => {
	const { exitCode, output } = await runOnXs({
		name: "network",
		build: "release",
		manifest: {
			include: ["$(MODDABLE)/examples/manifest_base.json", "$(ENROLLEE)/hw/simulator/lib/manifest.json"],
			config: { ssid: "home", password: "secret", sntp: "time.example.net" },
			modules: {
				"*": [],
				main: "$(ENROLLEE)/test/sim/apps/network",
				"setup-network": "$(ENROLLEE)/dist/moddable/network",
				"enrollee/sntp": "$(ENROLLEE)/dist/moddable/sntp",
				"embedded:network/interface/wifi": "$(ENROLLEE)/test/sim/apps/wifi",
				sntp: "$(ENROLLEE)/test/sim/apps/sntp",
			},
		},
	});
	assert.equal(exitCode, 0, output);
	const said = output
		.trimEnd()
		.split("\n")
		.filter((line) => !line.startsWith("Wi-Fi:"));
	assert.deepEqual(said, [
		"power-up, connect fails: connects 1, asked 0, ready 0",
		"tried again: connects 2, asked 0, ready 0",
		"no access point, tried again: connects 3, asked 0, ready 0",
		"associated: connects 3, asked 0, ready 0",
		"address: connects 3, asked 1, ready 1",
		"lost, tried again: connects 4, asked 1, ready 1",
		"back: connects 4, asked 1, ready 1",
		'{"SSID":"home","password":"secret","secure":true} time.example.net',
	]);
	assert.doesNotMatch(output.replace(said.at(-1)!, ""), /secret/);
});
