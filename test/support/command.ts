/** `enrollee` as a process of its own: what it printed and how it ended. */
import { spawn } from "node:child_process";
import { join } from "node:path";

export interface Ended {
	readonly code: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

export interface CommandOptions {
	readonly cwd?: string;
	/** The whole environment besides PATH. */
	readonly environment?: Readonly<Record<string, string>>;
	readonly input?: string;
}

const ROOT = join(import.meta.dirname, "..", "..");
/** Node's arguments for a program in TypeScript: it starts at a third of what tsx takes. */
export const TYPESCRIPT: readonly string[] = ["--import", import.meta.resolve("../typescript.js")];
/** Node's arguments: what `npm test` has built a moment ago; the sources where a test runs by itself. */
export const CLI: readonly string[] = process.env.npm_lifecycle_event?.startsWith("test")
	? [join(ROOT, "dist", "node", "cli.js")]
	: [...TYPESCRIPT, join(ROOT, "hw", "node", "cli.ts")];

export function start(args: readonly string[], { cwd = ROOT, environment = {} }: CommandOptions = {}) {
	return spawn(process.execPath, [...CLI, ...args], {
		cwd,
		env: { PATH: process.env.PATH, ...environment },
		stdio: "pipe",
	});
}

export function enrollee(args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
	const child = start(args, options);
	child.stdin.on("error", () => {}); // one that has ended reads no more
	child.stdin.end(options.input ?? "");
	let stdout = "";
	let stderr = "";
	child.stdout.setEncoding("utf8").on("data", (text: string) => {
		stdout += text;
	});
	child.stderr.setEncoding("utf8").on("data", (text: string) => {
		stderr += text;
	});
	return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
}
