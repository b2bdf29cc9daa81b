/**
 * A fleet's day: all devices power up at once against a cloud that throttles, rest, lose the cloud and come back.
 *
 * One process for the cloud, several for the agents. Gives what was seen, and what of it must not be.
 */
import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Ready } from "../../cloud/contract.ts";
import type { Limits } from "../../cloud/throttle.ts";
import type { CloudOrder, CloudReport, CloudSample } from "./cloud-process.ts";
import type { WorkerOrder, WorkerSample } from "./worker.ts";

export interface FleetOptions {
	readonly devices: number;
	readonly workers: number;
	readonly limits: Limits;
	/** Seconds that everybody rests, connected. */
	readonly rest: number;
	/** Seconds without a cloud, or more, until somebody has tried to reach it; 0: no outage. */
	readonly outage: number;
	/** For the throttle they are, however slow the machine: what comes before it was met counts as of one second. */
	readonly atOnce?: boolean;
	/** Told twice a second. */
	readonly onSample?: (sample: FleetSample) => void;
}

export interface FleetSample extends CloudSample {
	/** Since the power came. */
	readonly seconds: number;
	readonly phase: Phase;
	/** Of agents to reach DPS or hub, those during the outage included. */
	readonly attempts: number;
	readonly acknowledged: number;
	readonly faults: Readonly<Record<string, number>>;
}

export type Phase = "power-up" | "rest" | "outage" | "return";

export interface FleetReport {
	readonly options: FleetOptions;
	readonly samples: readonly FleetSample[];
	/** The sample at which each phase began. */
	readonly began: Readonly<Partial<Record<Phase, FleetSample>>>;
	readonly end: FleetSample;
	/** What must not be; empty when all is well. */
	readonly broken: readonly string[];
}

const ROOT = join(import.meta.dirname, "..", "..");
const SAMPLE_MS = 500;

export async function runFleet(options: FleetOptions): Promise<FleetReport> {
	const { devices, workers, limits, rest, outage, atOnce = false, onSample = () => {} } = options;
	const cloud = start<CloudOrder>("cloud-process.ts");
	const agents = Array.from({ length: workers }, () => start<WorkerOrder>("worker.ts"));
	const samples: FleetSample[] = [];
	const began: Partial<Record<Phase, FleetSample>> = {};
	let phase: Phase = "power-up";
	let wake = (): void => {};
	let timer: NodeJS.Timeout | undefined;
	const died = new Promise<never>((_, reject) => {
		for (const { child, file } of [cloud, ...agents])
			child.once("exit", (code) => reject(new Error(`${file} ended with ${code}`)));
	});
	died.catch(() => {});
	try {
		let cloudSample: CloudSample | undefined;
		const heard: WorkerSample[] = [];
		for (const [i, { child }] of agents.entries())
			child.on("message", (sample: WorkerSample) => {
				heard[i] = sample;
			});
		const ready = new Promise<Ready>((resolve) => {
			cloud.child.on("message", (report: CloudReport) => {
				if ("ready" in report) resolve(report.ready);
				else cloudSample = report.sample;
			});
		});
		cloud.order({ start: { limits, polls: 1, retryAfterSeconds: 1 }, atOnce });
		const facts = await Promise.race([ready, died]);
		const ca = readFileSync(facts.rootCa, "utf8");
		const ids = Array.from({ length: devices }, (_, i) => `fleet-${String(i + 1).padStart(4, "0")}`);
		for (const [i, agent] of agents.entries())
			agent.order({ start: { ready: facts, ca, ids: ids.filter((_, n) => n % workers === i) } });
		const started = performance.now();
		timer = setInterval(() => {
			if (cloudSample === undefined) return;
			const sample: FleetSample = {
				...cloudSample,
				seconds: (performance.now() - started) / 1000,
				phase,
				attempts: sum(heard, ({ attempts }) => attempts),
				acknowledged: sum(heard, ({ acknowledged }) => acknowledged),
				faults: merged(heard),
			};
			samples.push(sample);
			began[phase] ??= sample;
			onSample(sample);
			wake();
		}, SAMPLE_MS);
		const until = (fits: (sample: FleetSample) => boolean) =>
			Promise.race([
				died,
				new Promise<void>((resolve) => {
					wake = () => {
						if (fits(samples.at(-1)!)) resolve();
					};
				}),
			]);
		const lasts = (seconds: number) => {
			const from = samples.at(-1)?.seconds ?? 0;
			return until((sample) => sample.seconds - from >= seconds);
		};

		await until(({ acknowledged, connected }) => acknowledged >= devices && connected === devices);
		phase = "rest";
		await lasts(rest);
		if (outage > 0) {
			phase = "outage";
			cloud.order("cut");
			await until(({ connected }) => connected === 0);
			for (const agent of agents) agent.order("speak");
			await lasts(outage);
			await until(({ attempts }) => attempts > began.outage!.attempts);
			phase = "return";
			cloud.order("restore");
			await until(({ acknowledged, connected }) => acknowledged >= 2 * devices && connected === devices);
			await lasts(rest);
		}
		const end = samples.at(-1)!;
		return { options, samples, began, end, broken: faultsOf(options, began, end) };
	} finally {
		clearInterval(timer);
		await Promise.all([...agents, cloud].map((one) => one.end()));
	}
}

function faultsOf({ devices }: FleetOptions, began: FleetReport["began"], end: FleetSample): string[] {
	const { early, hasty, assigned } = end;
	return [
		...(early > 0 ? [`${early} polls came before retry-after had passed`] : []),
		...(hasty > 0 ? [`${hasty} requests came before a 429's retry-after had passed`] : []),
		...(assigned < devices ? [`only ${assigned} assignments for ${devices} devices`] : []),
		...(began.return && assigned > began.return.assigned ? ["a device enrolled again after the outage"] : []),
	];
}

interface Process<Order> {
	readonly file: string;
	readonly child: ChildProcess;
	order(order: Order): void;
	end(): Promise<void>;
}

function start<Order extends object | string>(file: string): Process<Order | "end"> {
	const child = fork(join(import.meta.dirname, file), { cwd: ROOT });
	return {
		file,
		child,
		order: (order) => void child.send(order),
		end: () =>
			new Promise((resolve) => {
				if (child.exitCode !== null || !child.connected) return resolve();
				child.once("exit", () => resolve());
				child.send("end");
			}),
	};
}

function sum(samples: readonly WorkerSample[], of: (sample: WorkerSample) => number): number {
	return samples.reduce((total, sample) => total + (sample === undefined ? 0 : of(sample)), 0);
}

function merged(samples: readonly WorkerSample[]): Record<string, number> {
	const all: Record<string, number> = {};
	for (const { faults } of samples.filter((sample) => sample !== undefined))
		for (const [code, count] of Object.entries(faults)) all[code] = (all[code] ?? 0) + count;
	return all;
}
