/**
 * `npm run sim`: the agent in Moddable's simulator (mcsim) under xsbug, against a local cloud started beside it.
 * `npm run sim -- --headless` needs no display: the same build in host.c, with the log on the terminal.
 *
 * The device's flash is the folder build/sim/flash; remove it to see an enrolment again. Ends with the simulator.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createConnection } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startCloud } from "../../cloud/cloud.ts";
import { buildForXs, noModdable, project, sdkEnvironment, skip } from "./harness.ts";
import { environmentOf } from "./settings.ts";

const XSBUG_PORT = 5002;
const XSBUG_SECONDS = 10;
/** As long as a timer can be. */
const FOREVER_SECONDS = Math.floor(0x7fffffff / 1000);

if (skip) {
	process.stderr.write(`${noModdable}\n`);
	process.exit(1);
}

const headless = process.argv.includes("--headless");
if (!headless && process.env.DISPLAY === undefined && process.env.WAYLAND_DISPLAY === undefined) {
	process.stderr.write("no display for mcsim and xsbug: npm run sim -- --headless\n");
	process.exit(1);
}

const flash = join(project, "build/sim/flash");
mkdirSync(flash, { recursive: true });
process.stderr.write("building the agent for XS; the first time this takes a minute\n");
const app = await buildForXs({ name: "sim", manifest: join(project, "hw/simulator/manifest.json") });
const cloud = await startCloud({ stateFolder: join(project, "build/sim/cloud"), apiPort: 0 });
process.stdout.write(`cloud at ${cloud.host}:${cloud.port}, its page at ${cloud.pageUrl}, flash in ${flash}\n`);
const environment = environmentOf(cloud, flash);
try {
	if (headless) {
		const onLine = (line: string) => process.stdout.write(`${line}\n`);
		const { exitCode } = await app.run({ environment, timeoutSeconds: FOREVER_SECONDS, onLine });
		process.exitCode = exitCode ?? 1;
	} else {
		const xsbug = launch("xsbug", []);
		await listening(XSBUG_PORT);
		// mcsim keeps a copy of the library there, and does not make the folder.
		mkdirSync(join(homedir(), ".config/tech.moddable.mcsim"), { recursive: true });
		await once(launch("mcsim", [app.library]), "exit");
		xsbug.kill();
	}
} finally {
	await cloud.close();
}

function launch(command: string, args: readonly string[]): ChildProcess {
	return spawn(command, args, { env: { ...sdkEnvironment(), ...environment }, stdio: "inherit" });
}

/** Without xsbug the simulator runs as well. */
async function listening(port: number): Promise<void> {
	for (let tries = 0; tries < XSBUG_SECONDS * 10; tries++) {
		const socket = createConnection({ port, host: "127.0.0.1" });
		const connected = await Promise.race([
			once(socket, "connect").then(() => true),
			once(socket, "error").then(() => false),
		]).catch(() => false);
		socket.destroy();
		if (connected) return;
		await sleep(100);
	}
}
