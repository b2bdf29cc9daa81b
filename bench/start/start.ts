/**
 * What the command line takes before it does anything, and for its main jobs, beside Node that starts and ends: seconds of CPU of the
 * process and its children, by bash's `time`. `npm start` runs in a copy without dist, with these node_modules, so that it builds.
 */
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { startCloud } from "../../cloud/cloud.ts";
import { project } from "../../hw/simulator/harness.ts";

export interface Taken {
	readonly cpuSeconds: number;
	readonly wallSeconds: number;
}

const JOBS = ["node", "help", "enrol", "again", "startFresh", "startBuilt"] as const;
export type Result = Readonly<Record<(typeof JOBS)[number], Taken>>;

/** Times the CPU of `node -e 0` in the same run. */
const MOST: Readonly<Partial<Record<(typeof JOBS)[number], number>>> = {
	help: 2.4,
	enrol: 8,
	again: 5,
	startFresh: 40,
	startBuilt: 40,
};

/** The least of several: whatever else the machine does only adds. */
const TIMES = 7;

export function tooLate(result: Result): string[] {
	return Object.entries(MOST).flatMap(([name, most]) => {
		const found = ratio(result, name as keyof Result);
		return found > most ? [`bench: start.${name}: at most ${most} times node -e 0, measured ${found.toFixed(2)}`] : [];
	});
}

export function ratio(result: Result, name: keyof Result): number {
	return result[name].cpuSeconds / result.node.cpuSeconds;
}

export async function measureStart(): Promise<Result> {
	const folder = mkdtempSync(join(tmpdir(), "enrollee-bench-"));
	const cloud = await startCloud({ polls: 0 });
	try {
		const cli = ["node", join(project, "dist/node/cli.js")];
		const { dps, idScope, registrationId, symmetricKey } = cloud.settings;
		const flags = ["--dps", dps, "--id-scope", idScope, "--registration-id", registrationId, "--ca", cloud.rootCa];
		const run = (state: string) => ({
			command: [...cli, "run", "--once", ...flags, "--state", join(folder, state)],
			env: { ENROLLEE_SYMMETRIC_KEY: symmetricKey },
		});
		const copy = join(folder, "copy");
		for (const name of ["src", "cloud", "hw", "package.json", "tsconfig.json"])
			cpSync(join(project, name), join(copy, name), { recursive: true });
		symlinkSync(join(project, "node_modules"), join(copy, "node_modules"));
		const start = { command: ["npm", "start"], cwd: copy };
		return {
			node: await least(() => ({ command: ["node", "-e", "0"] })),
			help: await least(() => ({ command: [...cli, "--help"] })),
			enrol: await least((i) => run(`device-${i}`)),
			again: await least(() => run("device-0")),
			startFresh: await least(() => {
				rmSync(join(copy, "dist"), { recursive: true, force: true });
				return start;
			}),
			startBuilt: await least(() => start),
		};
	} finally {
		await cloud.close();
		rmSync(folder, { recursive: true });
	}
}

interface Job {
	readonly command: readonly string[];
	readonly env?: Readonly<Record<string, string>>;
	readonly cwd?: string;
}

async function least(job: (i: number) => Job): Promise<Taken> {
	const taken: Taken[] = [];
	for (let i = 0; i < TIMES; i++) taken.push(await time(job(i)));
	const lowest = (of: (one: Taken) => number): number => Math.min(...taken.map(of));
	return { cpuSeconds: lowest((one) => one.cpuSeconds), wallSeconds: lowest((one) => one.wallSeconds) };
}

/** Rejects where the command fails. */
async function time({ command, env = {}, cwd = project }: Job): Promise<Taken> {
	const script = 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>&1';
	const { stderr } = await promisify(execFile)("bash", ["-c", script, "bash", ...command], {
		cwd,
		env: { ...process.env, ...env },
	});
	const [wall = 0, user = 0, system = 0] = stderr.trim().split(" ").map(Number);
	return { cpuSeconds: user + system, wallSeconds: wall };
}
