/**
 * `npm run board`: the firmware on an emulated ESP32-C3, against a local cloud started beside it: builds both, writes the flash as a
 * factory would, starts the board and prints its log until the hub has its telemetry. Exit code 0 then, 1 otherwise; 2 where a tool
 * is missing. The flash is build/board/flash.bin; with `--keep` it goes on with the one that is there.
 */
import { existsSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startCloud } from "../../cloud/cloud.ts";
import { lockFolder } from "../node/lock.ts";
import { project } from "../simulator/harness.ts";
import { boot } from "./board.ts";
import { buildFirmware, HOST, makeFlash } from "./image.ts";
import { serveTime } from "./time.ts";
import { findTools, type Tools } from "./tools.ts";

const USAGE = `npm run board [-- --keep]
  the firmware on an emulated ESP32-C3 until a local hub has its telemetry; what it needs: docs/board.md
  --keep   goes on with build/board/flash.bin, as a board that was switched off
`;
const MOST_BOOTS = 5;

process.exitCode = await main();

async function main(): Promise<number> {
	let keep = false;
	try {
		const options = { keep: { type: "boolean" }, help: { type: "boolean", short: "h" } } as const;
		const { values } = parseArgs({ options });
		if (values.help) {
			process.stdout.write(USAGE);
			return 0;
		}
		keep = values.keep === true;
	} catch (thrown) {
		process.stderr.write(`${(thrown as Error).message}\n${USAGE}`);
		return 2;
	}
	const tools = findTools();
	if (typeof tools === "string") {
		process.stderr.write(`${tools}\n`);
		return 2;
	}
	// A board that nobody sees any more is ended with this process.
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
		process.once(signal, () => process.exit(128 + constants.signals[signal]));
	process.stdout.once("error", () => process.exit(1));
	try {
		lockFolder(join(project, "build/board"), "npm run board");
		return await run(tools, keep);
	} catch (thrown) {
		process.stderr.write(`${(thrown as Error).message}\n`);
		return 1;
	}
}

async function run(tools: Tools, keep: boolean): Promise<number> {
	const time = await serveTime();
	try {
		return await runBoard(tools, keep);
	} finally {
		time.close();
	}
}

async function runBoard(tools: Tools, keep: boolean): Promise<number> {
	process.stderr.write("building the firmware; the first time this takes some minutes\n");
	const firmware = await buildFirmware(tools);
	const flash = join(project, "build/board/flash.bin");
	const stateFolder = join(project, "build/board/cloud");
	const cloud = await startCloud({ hosts: [HOST], address: "127.0.0.1", stateFolder });
	try {
		if (!keep || !existsSync(flash)) writeFileSync(flash, makeFlash(tools, firmware, cloud.settings));
		process.stdout.write(`cloud at ${cloud.host}:${cloud.port}, flash in ${flash}\n`);
		const onLine = (line: string) => process.stdout.write(`${line}\n`);
		const power = new AbortController();
		const seen = cloud.seen(({ event }) => event === "telemetry").then(() => power.abort());
		for (let n = 0; n < MOST_BOOTS && !power.signal.aborted; n++)
			await boot(tools, flash, { onLine, power: power.signal });
		if (!power.signal.aborted) return 1;
		await seen;
		process.stdout.write(`\nThe hub has ${cloud.telemetry.length} messages from the board.\n`);
		return 0;
	} finally {
		await cloud.close();
	}
}
