/** The store and the settings of ESP32 on XS, over NVS in memory that keeps its limits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runOnXs, skip } from "../../hw/simulator/harness.ts";

test("records and settings in NVS: blobs, absences, a full partition, what is no text; how full it is, and that it is in clear", {
	skip,
}, async () => {
	const { exitCode, output } = await runOnXs({
		name: "nvs",
		build: "release",
		manifest: {
			include: ["$(ENROLLEE)/hw/moddable/manifest.json"],
			modules: {
				"*": "$(ENROLLEE)/test/sim/apps/nvs-native",
				main: "$(ENROLLEE)/test/sim/apps/nvs",
				"nvs/store": "$(ENROLLEE)/dist/moddable/store-nvs",
				"nvs/settings": "$(ENROLLEE)/dist/moddable/settings-nvs",
				"embedded:storage/key-value": "$(ENROLLEE)/test/sim/apps/key-value",
			},
		},
	});
	assert.equal(exitCode, 0, output);
	assert.deepEqual(output.trimEnd().split("\n"), [
		"setting undefined",
		'setting 0ne00ABCDEF {"site":"Zürich"}',
		"setting config.invalid config.invalid",
		"clear true",
		"store none",
		"store 010203 010203",
		"store none",
		"store store.full",
		"store store.failed",
		'usage {"puts":1,"written":3,"entries":{"total":2016,"used":504,"own":20}}',
	]);
});
