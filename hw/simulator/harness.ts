/**
 * Builds an app with the Moddable SDK and runs it on XS, headless.
 *
 *     test("...", { skip }, async () => {
 *       const app = await buildForXs({ name: "tls-chain", build: "debug", manifest: {
 *         include: ["$(MODDABLE)/examples/manifest_base.json", "$(ENROLLEE)/hw/simulator/lib/manifest.json"],
 *         modules: { "*": "$(ENROLLEE)/test/sim/tls/main" } } });
 *       const { exitCode, output, exceptions } = await app.run({ environment: { PORT: "8883" }, timeoutSeconds: 20 });
 *     });
 *
 * - `manifest` is an object (paths by $(ENROLLEE), the project's root, and $(MODDABLE)) or the path of a manifest.json.
 * - `name` names the app, unless its manifest's folder does: unique for each app. C is compiled once for all apps that it is
 *   the same for (cc), one build at a time. Builds are incremental. Remapping a specifier needs `fresh: true`.
 * - Device modules come from dist/moddable: run `npm run build` first when src/ or hw/moddable changed (npm test does).
 * - In the app: `import { environment, exit } from "simulator"` (hw/simulator/lib); `environment("PORT")`, `exit(0)`.
 *   A run may be repeated with other variables without building again. `.js` mains build faster than `.ts`.
 * - exitCode: what exit() was given; 105 unhandled exception, 104 dead strip; undefined when killed by the timeout.
 * - output: all of stdout and stderr, traces included. logged: the traces of a debug build as the debugger saw them.
 *   exceptions: what stopped a debug build in the debugger (`debugger`; with breakOnExceptions every throw).
 * - The SDK is at $MODDABLE, or, where that is not set, at ~/.local/share/moddable; `skip` is false or the reason to skip.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { alone } from "./lock.ts";
import { listenAsXsbug } from "./xsbug.ts";

export type Build = "debug" | "release" | "instrument";

/** Bytes of chunks, slots of the heap and of the stack. */
export interface Machine {
	readonly chunk: number;
	readonly heap: number;
	readonly stack: number;
}

export interface AppOptions {
	readonly name: string;
	readonly manifest: Readonly<Record<string, unknown>> | string;
	readonly build?: Build;
	/** Forget the build folder first. */
	readonly fresh?: boolean;
	/** Slots and pointers as on a 32-bit chip: an i386 build (skipNarrow). */
	readonly narrow?: boolean;
	/** A machine that cannot grow, in place of the manifest's `creation`: apps that differ in nothing else are one build. */
	readonly machine?: Machine;
}

export interface RunOptions {
	readonly environment?: Readonly<Record<string, string>>;
	readonly timeoutSeconds?: number;
	/** Break, and report, on every exception, also on caught ones (debug builds). */
	readonly breakOnExceptions?: boolean;
	/** Each complete line as it is traced. */
	readonly onLine?: (line: string) => void;
	/** Kills the app when a line fits: for apps that never end. */
	readonly stopAt?: RegExp;
	/** Kills the app: a power cut at a moment that the test chooses. */
	readonly power?: AbortSignal;
}

export interface Run {
	readonly exitCode: number | undefined;
	readonly output: string;
	readonly logged: string;
	readonly exceptions: readonly string[];
}

export interface App {
	readonly library: string;
	/** The folder where mcconfig keeps what it made: bytecode, mc.xs.c. */
	readonly temporary: string;
	/** What run() starts, for tools that start it themselves. */
	readonly command: readonly string[];
	run(options?: RunOptions): Promise<Run>;
}

export const project: string = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

const folder = process.env.MODDABLE || join(homedir(), ".local/share/moddable");

export const moddable: string | undefined = existsSync(join(folder, "build/bin/lin/release/mcconfig"))
	? folder
	: undefined;

/** What is said in one line where there is none; one that MODDABLE names wrongly is not looked for elsewhere. */
export const noModdable: string = process.env.MODDABLE
	? `no Moddable SDK at MODDABLE=${folder}, or without its tools; see hw/moddable/README.md`
	: "no Moddable SDK: set MODDABLE, see hw/moddable/README.md";

/** Milliseconds between two looks for bytes: a board's come at once, and what they find the machine at counts. The SDK's own on Linux: 20. */
const SOCKETS = { XS_SOCKETS: "1" };

/** No run takes so long, on a slow machine either. */
const HUNG_SECONDS = 300;

/** For node:test's `skip`. */
export const skip: string | false = moddable === undefined ? `SKIPPED: ${noModdable}` : false;

/** Debian's libraries for i386. */
const I386 = { PKG_CONFIG_LIBDIR: "/usr/lib/i386-linux-gnu/pkgconfig:/usr/share/pkgconfig" };

/** What `narrow` needs beside the SDK: false or the reason to skip. */
export function skipNarrow(): string | false {
	const input = "#include <stdlib.h>\nint main(void) { return 0; }";
	const made = spawnSync("gcc", ["-m32", "-xc", "-", "-o", "/dev/null", "-lgio-2.0"], { input, stdio: "pipe" });
	return skip || (made.status === 0 ? false : "SKIPPED: no gcc-multilib or libglib2.0-dev:i386");
}

/** What the SDK's tools need to see. */
export const sdkEnvironment = (): NodeJS.ProcessEnv => ({
	...process.env,
	MODDABLE: moddable,
	PATH: [join(moddable!, "build/bin/lin/release"), join(project, "node_modules/.bin"), process.env.PATH].join(
		delimiter,
	),
});

export async function buildForXs(options: AppOptions): Promise<App> {
	const { name, manifest, build = "debug", fresh = false, narrow = false, machine } = options;
	const out = join(project, "build/sim", narrow ? "engine-i386" : "engine");
	mkdirSync(out, { recursive: true });
	const path =
		typeof manifest === "string" ? manifest : writeManifest(join(project, "build/sim", name, name), manifest);
	const app = basename(dirname(path));
	const temporary = join(out, "tmp/lin/mc", build, app);
	const goal = { debug: ["-d"], release: [], instrument: ["-i"] }[build];
	await alone(out, () => {
		if (fresh) rmSync(temporary, { recursive: true, force: true });
		return call("mcconfig", ["-m", ...goal, "-p", "lin", "-o", out, "-t", "build", path], sharingObjects(narrow));
	});
	const library = join(out, "bin/lin/mc", build, app, "mc.so");
	if (!existsSync(library)) throw new Error(`mcconfig made no ${library}`);
	const host = await buildHost(narrow);
	const sized = machine ? { XS_MACHINE: `${machine.chunk},${machine.heap},${machine.stack}` } : {};
	const run = ({ environment, ...more }: RunOptions = {}) =>
		runHost(host, library, { ...more, environment: { ...SOCKETS, ...sized, ...environment } });
	return { library, command: [host, library], temporary, run };
}

/** Builds and runs once. */
export const runOnXs = async (options: AppOptions & RunOptions): Promise<Run> =>
	(await buildForXs(options)).run(options);

async function runHost(
	host: string,
	library: string,
	{ environment = {}, timeoutSeconds = HUNG_SECONDS, breakOnExceptions = false, onLine, stopAt, power }: RunOptions,
): Promise<Run> {
	const xsbug = await listenAsXsbug({ breakOnExceptions });
	const child = spawn(host, [library], {
		env: { ...process.env, ...environment, XSBUG_HOST: "127.0.0.1", XSBUG_PORT: String(xsbug.port) },
		stdio: ["ignore", "pipe", "pipe"],
	});
	power?.addEventListener("abort", () => child.kill("SIGKILL"));
	let output = "";
	let pending = "";
	const take = (text: string) => {
		output += text;
		const lines = (pending + text).split("\n");
		pending = lines.pop()!;
		for (const line of lines) {
			onLine?.(line);
			if (stopAt?.test(line)) child.kill("SIGKILL");
		}
	};
	child.stdout.setEncoding("utf8").on("data", take);
	child.stderr.setEncoding("utf8").on("data", take);
	const exitCode = await ended(child, timeoutSeconds);
	await xsbug.close();
	return { exitCode, output, logged: xsbug.logged(), exceptions: xsbug.breaks };
}

function ended(child: ChildProcess, timeoutSeconds: number): Promise<number | undefined> {
	const timer = setTimeout(() => child.kill("SIGKILL"), timeoutSeconds * 1000);
	return new Promise((resolve, reject) => {
		child.once("error", reject);
		child.once("close", (code) => {
			clearTimeout(timer);
			resolve(code ?? undefined);
		});
	});
}

/** $SHARED_OBJECTS: another folder, of several working copies. */
function sharingObjects(narrow: boolean): NodeJS.ProcessEnv {
	const SHARED_OBJECTS = process.env.SHARED_OBJECTS ?? join(project, "build/sim/objects");
	mkdirSync(SHARED_OBJECTS, { recursive: true });
	const compiler = { CC: join(project, "hw/simulator/cc"), SHARED_OBJECTS };
	return narrow ? { ...compiler, ...I386, COMPILER: "gcc -m32" } : { ...compiler, COMPILER: "gcc" };
}

/** An unchanged manifest keeps its date, so that mcconfig does not start over. */
function writeManifest(folder: string, manifest: Readonly<Record<string, unknown>>): string {
	const path = join(folder, "manifest.json");
	const variables = { ENROLLEE: project, ...(manifest.build as object | undefined) };
	const text = `${JSON.stringify({ ...manifest, build: variables }, undefined, "\t")}\n`;
	mkdirSync(folder, { recursive: true });
	if (!existsSync(path) || readFileSync(path, "utf8") !== text) writeFileSync(path, text);
	return path;
}

/** Made once for each version of its source; the rename keeps parallel test files apart. */
async function buildHost(narrow: boolean): Promise<string> {
	const source = join(project, "hw/simulator/host.c");
	const folder = join(project, "build/sim");
	const version = createHash("sha256").update(readFileSync(source)).digest("hex").slice(0, 12);
	const host = join(folder, `host-${version}${narrow ? "-i386" : ""}`);
	const variables = narrow ? I386 : {};
	if (existsSync(host)) return host;
	mkdirSync(folder, { recursive: true });
	const flags = (await call("pkg-config", ["--cflags", "--libs", "gio-2.0"], variables)).trim().split(/\s+/);
	const include = `-I${join(moddable!, "build/simulators/modules")}`;
	const made = `${host}.${process.pid}`;
	const size = narrow ? ["-m32"] : [];
	await call("gcc", [...size, "-O1", "-Wall", "-DmxLinux=1", include, source, "-o", made, ...flags, "-ldl"]);
	renameSync(made, host);
	return host;
}

async function call(command: string, args: readonly string[], variables: NodeJS.ProcessEnv = {}): Promise<string> {
	try {
		const env = { ...sdkEnvironment(), ...variables };
		return (await promisify(execFile)(command, args, { env, maxBuffer: 1 << 26 })).stdout;
	} catch (thrown) {
		const { stdout = "", stderr = "", message } = thrown as { stdout?: string; stderr?: string; message: string };
		const tail = (text: string) => text.trimEnd().split("\n").slice(-25).join("\n");
		throw new Error(`${message.split("\n")[0]}\n${tail(stdout)}\n${tail(stderr)}`);
	}
}
