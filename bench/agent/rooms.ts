/**
 * Bytecode of each room of the device's image: the build of rollup.config.js, cut by folder instead, each piece compiled by
 * xsc. What a room draws in from npm counts as its own; `agent` is src itself, `platform` what stands in hw/moddable.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { rollup } from "rollup";
import { loadConfigFile } from "rollup/loadConfigFile";
import { project, sdkEnvironment } from "../../hw/simulator/harness.ts";
import { bytecodeBytes } from "../bytecode.ts";

const folder = join(project, "build/bench/rooms");

/** Stand-ins for what a board has. */
const SIMULATOR = /-(simulator|environment|files)\.js$/;

export async function bytecodeOfRooms(): Promise<Record<string, number>> {
	rmSync(folder, { recursive: true, force: true });
	const { options } = await loadConfigFile(join(project, "rollup.config.js"), { silent: true });
	const device = options.find(({ output }) => output[0]?.dir === "dist/moddable")!;
	const bundle = await rollup(device);
	await bundle.write({ ...device.output[0], dir: folder, manualChunks: chunk });
	await bundle.close();
	const rooms: Record<string, number> = {};
	for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
		if (!name.endsWith(".js") || SIMULATOR.test(name)) continue;
		const room = /^room\/(\w+)\.js$/.exec(name)?.[1] ?? (name.startsWith("tls/") ? "tls" : "platform");
		rooms[room] = (rooms[room] ?? 0) + compiled(join(folder, name));
	}
	return rooms;
}

/** A folder of its own, because hw/moddable has files named as rooms are. */
function chunk(id: string): string | undefined {
	const path = relative(project, id.replace(/^\0/, ""));
	if (/^node_modules\/@noble\/|xs-rom$/.test(path)) return "room/key";
	if (/^(node_modules|hw\/moddable\/shims)\//.test(path)) return "room/mqtt";
	if (path.startsWith("src/")) return `room/${/^src\/(\w+)\//.exec(path)?.[1] ?? "agent"}`;
	// Else it would be drawn into its first importer.
	return /^hw\/moddable\/(\w+)\.ts$/.exec(path)?.[1];
}

function compiled(file: string): number {
	const command = ["-c", "-e", "-o", dirname(file), file];
	execFileSync("xsc", command, { env: sdkEnvironment(), stdio: ["ignore", "ignore", "pipe"] });
	return bytecodeBytes(file.replace(".js", ".xsb"));
}
