/** What `enrollee new` makes, as it is, on an emulated ESP32-C3; only Ethernet takes the place of Wi-Fi, which there is none of. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { buildFirmware } from "../../hw/emulator/image.ts";
import { findTools } from "../../hw/emulator/tools.ts";
import { project } from "../../hw/simulator/harness.ts";
import { pack } from "../node/packed.ts";
import { enrollee } from "../support/command.ts";
import { openBoard } from "./board.ts";

const tools = findTools();

test("the application that `enrollee new` makes builds for a board, enrols and sends its reading", {
	skip: typeof tools === "string" && `SKIPPED: ${tools}`,
}, async () => {
	assert.ok(typeof tools !== "string");
	const folder = join(project, "build/board/new");
	rmSync(folder, { recursive: true, force: true });
	mkdirSync(folder, { recursive: true });
	const made = join(folder, "my-sensor");
	assert.equal((await enrollee(["new", made])).code, 0);
	const installed = join(made, "node_modules/enrollee");
	mkdirSync(installed, { recursive: true });
	execFileSync("tar", ["-xzmf", pack(), "-C", installed, "--strip-components=1"]);
	symlinkSync(join(project, "node_modules/@moddable"), join(made, "node_modules/@moddable"));

	const firmware = await buildFirmware(tools, { manifest: overEthernet(folder, installed) });
	const board = await openBoard(tools, firmware, {});
	try {
		const power = new AbortController();
		const arrived = board.cloud.seen(({ event }) => event === "telemetry").then(() => power.abort());
		const { output } = await board.boot({ power: power.signal });
		await arrived;
		assert.match(output, /credential\.proven/);
		const body = Buffer.from(board.cloud.telemetry[0]!.body).toString();
		assert.match(body, /^\{"temperature":21\.5,"at":"20\d\d-.*Z"\}$/);
	} finally {
		await board.close();
	}
});

/** The emulator's manifest, which includes the application's in place of ours. */
function overEthernet(folder: string, installed: string): string {
	const emulator = join(project, "hw/emulator");
	const manifest = JSON.parse(readFileSync(join(emulator, "manifest_board.json"), "utf8"));
	const over = {
		...manifest,
		include: [join(installed, "hw/moddable/manifest_ethernet.json"), "../my-sensor/manifest.json"],
		modules: { "*": join(emulator, "native/ethernet") },
	};
	mkdirSync(join(folder, "emulated"));
	const path = join(folder, "emulated/manifest.json");
	writeFileSync(path, JSON.stringify(over));
	return path;
}
