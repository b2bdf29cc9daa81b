/**
 * `npm run fleet -- --devices 1000 [--outage S]`: real agents in worker processes against a local cloud that throttles.
 *
 * Prints progress to standard error and then a table, and writes a plot. Ends with 1 when a device asked sooner than it was
 * told to, did not enrol, or enrolled again after the outage.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { plot } from "./plot.ts";
import { rowsOf } from "./report.ts";
import { type FleetSample, runFleet } from "./run.ts";

interface Flags {
	readonly devices: number;
	readonly workers: number;
	readonly outage: number;
	readonly rest: number;
	readonly registrations: number;
	readonly connections: number;
	readonly plot: string;
}

const PROGRESS_SECONDS = 2;

await new Command("fleet")
	.description("That many real agents power up at once, against a local cloud in a process of its own.")
	.option("--devices <number>", "agents", wholeNumber(1), 100)
	.option("--workers <number>", "processes that run them", wholeNumber(1), 2)
	.option("--outage <seconds>", "then nobody reaches the cloud for so long; 0 = no outage", wholeNumber(0), 0)
	.option("--rest <seconds>", "everybody connected, to measure", wholeNumber(1), 5)
	.option("--registrations <rate>", "DPS requests a second, 429 beyond", wholeNumber(1), 100)
	.option("--connections <rate>", "hub connections a second, CONNACK 3 beyond", wholeNumber(1), 100)
	.option("--plot <file>", "SVG", "build/fleet.svg")
	.action(run)
	.parseAsync();

async function run(flags: Flags): Promise<void> {
	const { devices, workers, outage, rest, registrations, connections } = flags;
	let next = 0;
	const report = await runFleet({
		devices,
		workers,
		outage,
		rest,
		limits: { registrations, connections },
		onSample(sample) {
			if (sample.seconds < next) return;
			next = sample.seconds + PROGRESS_SECONDS;
			progress(sample);
		},
	});
	const rows = rowsOf(report);
	const width = Math.max(...rows.map(([name]) => name.length)) + 2;
	process.stdout.write(`\n${rows.map(([name, value]) => `${name.padEnd(width)}${value}`).join("\n")}\n`);
	mkdirSync(dirname(flags.plot), { recursive: true });
	writeFileSync(flags.plot, plot(report));
	process.stdout.write(`\nPlot: ${flags.plot}\n`);
	for (const broken of report.broken) process.stdout.write(`BROKEN: ${broken}\n`);
	if (report.broken.length > 0) process.exitCode = 1;
}

function progress({
	seconds,
	phase,
	connected,
	attempts,
	throttled,
	refused,
	acknowledged,
	faults,
}: FleetSample): void {
	const waits = Object.entries(faults).map(([code, count]) => `${code} ${count}`);
	process.stdout.write(
		`${seconds.toFixed(0).padStart(5)} s  ${phase.padEnd(9)} connected ${connected}, acknowledged ${acknowledged}, attempts ${attempts}, ` +
			`429 ${throttled}, CONNACK 3 ${refused}; waits: ${waits.join(", ") || "none"}\n`,
	);
}

function wholeNumber(least: number): (text: string) => number {
	return (text) => {
		const value = /^\d{1,7}$/.test(text) ? Number(text) : Number.NaN;
		if (value >= least) return value;
		throw new InvalidArgumentError(`Expected a whole number from ${least}.`);
	};
}
