/** hw/moddable/network on XS, over a radio and a cable in memory: it never gives up, and main starts once. */
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
			config: { ssid: "home", password: "secret" },
			modules: {
				"*": [],
				main: "$(ENROLLEE)/test/sim/apps/network",
				"setup-network": "$(ENROLLEE)/dist/moddable/network/network",
				"enrollee/link": "$(ENROLLEE)/dist/moddable/network/wifi",
				"enrollee/sntp": "$(ENROLLEE)/test/sim/apps/sntp",
				"embedded:network/interface/wifi": "$(ENROLLEE)/test/sim/apps/wifi",
			},
		},
	});
	assert.equal(exitCode, 0, output);
	const said = output
		.trimEnd()
		.split("\n")
		.filter((line) => !/^(Wi-Fi|network):/.test(line));
	assert.deepEqual(said, [
		"power-up, connect fails: connects 1, asked 0, ready 0",
		"tried again: connects 2, asked 0, ready 0",
		"no access point, tried again: connects 3, asked 0, ready 0",
		"associated: connects 3, asked 0, ready 0",
		"address: connects 3, asked 1, ready 1",
		"lost, tried again: connects 4, asked 1, ready 1",
		"back: connects 4, asked 1, ready 1",
		'{"SSID":"home","password":"secret","secure":true}',
	]);
	assert.doesNotMatch(output.replace(said.at(-1)!, ""), /secret/);
});

test("Ethernet: main starts once, with an address and a time, losses are said, and the cable comes back by itself", {
	skip,
}, async () => {
	const { exitCode, output } = await runOnXs({
		name: "network-ethernet",
		build: "release",
		manifest: {
			include: ["$(MODDABLE)/examples/manifest_base.json", "$(ENROLLEE)/hw/simulator/lib/manifest.json"],
			modules: {
				"*": [],
				main: "$(ENROLLEE)/test/sim/apps/network-ethernet",
				"setup-network": "$(ENROLLEE)/dist/moddable/network/network",
				"enrollee/link": "$(ENROLLEE)/dist/moddable/network/ethernet",
				"enrollee/sntp": "$(ENROLLEE)/test/sim/apps/sntp",
				"embedded:network/interface/ethernet": "$(ENROLLEE)/test/sim/apps/ethernet",
			},
		},
	});
	assert.equal(exitCode, 0, output);
	assert.deepEqual(output.trimEnd().split("\n"), [
		"power-up: connects 1, asked 0, ready 0",
		"link without an address: connects 1, asked 0, ready 0",
		"network: 192.0.2.8",
		"address, told twice, no time yet: connects 1, asked 1, ready 0",
		"time: connects 1, asked 1, ready 1",
		"network: lost",
		"cable out: connects 1, asked 1, ready 1",
		"network: 192.0.2.8",
		"cable in: connects 1, asked 1, ready 1",
	]);
});
