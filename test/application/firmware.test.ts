/** The application beside firmware that is updated: taken away before, given back afterwards. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../src/fault.ts";
import { bring, FIRMWARE, installed, toTrial, updateFirmware } from "../support/app-device.ts";
import { isFault } from "../support/random.ts";

test("while the firmware is on trial the application rests; it is given back when that is confirmed", () => {
	const device = installed(1);
	updateFirmware(device.start(), FIRMWARE[1]!, 2);
	assert.equal(device.flash.areas.run[4], 0, "taken away before another firmware maps it");
	const trial = device.start();
	assert.deepEqual([trial.firmware.runs, trial.firmware.slot.state, trial.runs], [1, "trial", undefined]);
	assert.deepEqual([trial.slot.resting?.code, trial.slot.running, trial.slot.state], ["app.held", "app_0", "valid"]);
	trial.firmware.updater.confirm();
	const after = device.start();
	assert.deepEqual([after.firmware.runs, after.runs, after.slot.state], [1, 1, "valid"]);
});

test("while the firmware is on trial the application rests; it is given back when that goes back", () => {
	for (const end of ["reject", "reset"]) {
		const device = installed(1);
		updateFirmware(device.start(), FIRMWARE[1]!, 2);
		const trial = device.start();
		assert.equal(trial.runs, undefined);
		if (end === "reject") trial.firmware.updater.reject(new Fault("ota.rejected", "no hub"));
		const after = device.start();
		assert.deepEqual([after.firmware.runs, after.runs, after.slot.state], [0, 1, "valid"]);
	}
});

test("a firmware that cannot be armed costs the application a restart at most", () => {
	const device = installed(1);
	const running = device.start();
	const broken = FIRMWARE[1]!.slice();
	broken[100]! ^= 1;
	assert.throws(() => updateFirmware(running, broken, 2), isFault("ota.image"));
	assert.equal(device.start().runs, 1);
});

test("a firmware that cannot take the application away is not armed", () => {
	const device = installed(1);
	const running = device.start({ fails: (what) => what === "write run 4" });
	assert.throws(() => updateFirmware(running, FIRMWARE[1]!, 2), isFault("ota.flash"));
	assert.equal(running.firmware.updater.status.state, "staged");
	const after = device.start();
	assert.deepEqual([after.firmware.runs, after.runs], [0, 1]);
});

test("a firmware waits for the end of a trial of the application, whichever it is", () => {
	for (const end of ["confirms", "throws"]) {
		const { device, running } = toTrial();
		assert.throws(() => updateFirmware(running, FIRMWARE[1]!, 2), isFault("ota.busy"));
		assert.equal(running.firmware.updater.status.state, "staged");
		let after = running;
		if (end === "confirms") running.updater.confirm();
		else {
			running.updater.reject(new Fault("app.failed", "it threw"));
			after = device.start();
		}
		bring(after.firmware.updater, FIRMWARE[1]!);
		device.start().firmware.updater.confirm();
		const last = device.start();
		assert.deepEqual([last.firmware.runs, last.runs], [1, end === "confirms" ? 2 : 1]);
	}
});

test("after a firmware with another XS the copy is not placed, and stays", () => {
	const device = installed(1);
	for (let start = 0; start < 6; start++) {
		const running = device.start({ version: "18.0" });
		assert.deepEqual([running.runs, running.slot.running], [undefined, "app_0"]);
		assert.equal(running.fault?.code, "ota.image");
		assert.match(running.fault?.message ?? "", /made for XS 17\.7/);
	}
	assert.equal(device.start().runs, 1, "with its own XS it runs again");
});
