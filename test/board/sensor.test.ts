/** examples/sensor as firmware without Wi-Fi on an emulated ESP32-C3: its map has room for applications, and takes one over the air. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { buildFirmware, type Firmware } from "../../hw/emulator/image.ts";
import { findTools, type Tools } from "../../hw/emulator/tools.ts";
import { project } from "../../hw/simulator/harness.ts";
import { ArchiveReader } from "../../src/application/archive.ts";
import { utf8 } from "../../src/base/bytes.ts";
import { appClassUuid } from "../../src/suit/uuid.ts";
import { buildArchive } from "../sim/mapping/mapping.ts";
import { bundle, manifestOf } from "../support/release.ts";
import { CLASS_UUID, openBoard, type TestBoard } from "./board.ts";

const found = findTools();
const tools = found as Tools;
const LONG = 300;

describe("the sensor on an emulated ESP32-C3", { skip: typeof found === "string" && `SKIPPED: ${found}` }, () => {
	const folder = mkdtempSync(join(tmpdir(), "enrollee-sensor-"));
	let firmware: Firmware;
	let board: TestBoard;
	before(async () => {
		firmware = await buildFirmware(tools, { manifest: join(project, "test/board/sensor/manifest.json") });
		board = await openBoard(tools, firmware);
	});
	after(async () => {
		await board?.close();
		rmSync(folder, { recursive: true, force: true });
	});

	test("measures when it is asked, with the application that is built in", async () => {
		const { cloud, boot } = board;
		const power = new AbortController();
		cloud
			.seen((event) => event.event === "subscribed" && event.filter.startsWith("devices/"))
			.then(() => cloud.operator.callMethod(cloud.registrationId, "measure"))
			.then((outcome) => {
				assert.equal("status" in outcome && outcome.status, 200);
				power.abort();
			});
		const { output, ended } = await boot({ power: power.signal, timeoutSeconds: LONG });
		assert.equal(ended, "cut", output);
		assert.match(output, /app {2}running=factory/);
	});

	test("takes another application over the air, which the engine maps, and which confirms itself", async () => {
		const { cloud, boot } = board;
		const image = new Uint8Array(
			readFileSync(await buildArchive(folder, { "app/main": join(project, "test/sim/apps/mods/good.js") })),
		);
		const reader = new ArchiveReader(image.length);
		reader.push(image);
		reader.end();
		const uri = cloud.downloads.publish("app-1.xsa", image);
		const manifest = { component: [utf8("xs")], class: appClassUuid(CLASS_UUID, reader.version), uri, sequence: 1 };
		cloud.downloads.publish("app-1.suit", bundle(manifestOf(image, manifest)));
		cloud.operator.pushDesired(cloud.registrationId, { app: cloud.downloads.offer("app-1.suit") });

		const taken = await boot({ timeoutSeconds: LONG });
		assert.match(taken.output, /ota\.restart {2}sequence=1/);
		// Placed, and mapped by the engine at the next power-up.
		assert.equal((await boot({ timeoutSeconds: LONG })).ended, "reset");
		// What the engine maps at power-up is written to the flash, of which QEMU shows what was there before.
		await boot({ stopAt: /^network:/, timeoutSeconds: LONG });
		const trial = await boot({ stopAt: /ota\.confirmed/, timeoutSeconds: LONG });
		assert.match(trial.output, /app {2}running=app_\d {2}state=trial/);
		assert.equal(trial.ended, "stopped", trial.output);
		assert.equal(JSON.parse(Buffer.from(cloud.telemetry.at(-1)!.body).toString()).app, "good");
		const good = await boot({ stopAt: /state=connected/, timeoutSeconds: LONG });
		assert.match(good.output, /app {2}running=app_\d {2}state=valid/);
		assert.equal(cloud.registrations.length, 1);
	});
});
