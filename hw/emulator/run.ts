/**
 * `npm run board`: the firmware on an emulated ESP32-C3, against a local cloud started beside it: builds both, writes the flash as a
 * factory would, starts the board and prints its log until the hub has its telemetry. Exit code 0 then, 1 otherwise; 2 where a tool
 * is missing. The flash is build/board/flash.bin; with `--keep` it goes on with the one that is there.
 */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startCloud } from "../../cloud/cloud.ts";
import { project } from "../simulator/harness.ts";
import { boot } from "./board.ts";
import { buildFirmware, HOST, makeFlash } from "./image.ts";
import { serveTime } from "./time.ts";
import { findTools } from "./tools.ts";

const MOST_BOOTS = 5;

const tools = findTools();
if (typeof tools === "string") {
	process.stderr.write(`${tools}\n`);
	process.exit(2);
}
const firmware = await buildFirmware(tools);
const flash = join(project, "build/board/flash.bin");
const stateFolder = join(project, "build/board/cloud");
const cloud = await startCloud({ hosts: [HOST], address: "127.0.0.1", stateFolder });
const time = await serveTime();
try {
	if (!process.argv.includes("--keep") || !existsSync(flash))
		writeFileSync(flash, makeFlash(tools, firmware, cloud.settings));
	process.stdout.write(`cloud at ${cloud.host}:${cloud.port}, flash in ${flash}\n`);
	const onLine = (line: string) => process.stdout.write(`${line}\n`);
	const power = new AbortController();
	const seen = cloud.seen(({ event }) => event === "telemetry").then(() => power.abort());
	for (let n = 0; n < MOST_BOOTS && !power.signal.aborted; n++)
		await boot(tools, flash, { onLine, power: power.signal });
	process.exitCode = power.signal.aborted ? 0 : 1;
	if (power.signal.aborted) {
		await seen;
		process.stdout.write(`\nThe hub has ${cloud.telemetry.length} messages from the board.\n`);
	}
} finally {
	time.close();
	await cloud.close();
}
