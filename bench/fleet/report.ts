/** A fleet's day in numbers: rows for a table, in the words of the table. */
import type { FleetReport, FleetSample } from "./run.ts";

export function rowsOf({ options, samples, began, end }: FleetReport): (readonly [string, string])[] {
	const { devices, workers, limits, outage } = options;
	const rest = began.rest!;
	const enrolmentMs = rest.cpuMs - samples[0]!.cpuMs;
	const resting = samples.filter(({ phase }) => phase === "rest");
	const back = samples.find(
		({ phase, acknowledged, connected }) => phase === "return" && acknowledged >= 2 * devices && connected === devices,
	);
	return [
		["devices, worker processes", `${devices}, ${workers}`],
		[
			"limits a second",
			Object.entries(limits)
				.map(([kind, rate]) => `${kind} ${rate}`)
				.join(", ") || "none",
		],
		["all enrolled and acknowledged after", seconds(rest.seconds)],
		["  MQTT connections", `${rest.connects}, at most ${peak(samples, "power-up", "connects")} a second`],
		["  register and poll requests", `${rest.registers} + ${rest.polls}, and ${rest.throttled} answered 429`],
		["  sooner than retry-after allows", String(end.early + end.hasty)],
		["  hub connections refused by the throttle", String(rest.refused)],
		["cloud's CPU for it", `${seconds(enrolmentMs / 1000)}, ${(enrolmentMs / devices).toFixed(1)} ms a device`],
		["cloud's memory with all connected", `${mebibytes(resting.at(-1)!)}, most ${mebibytes(most(samples))}`],
		["cloud's CPU at rest", `${share(resting).toFixed(1)} % of a core`],
		...(began.return === undefined || began.outage === undefined || back === undefined
			? []
			: ([
					[`outage of ${outage} s: attempts in it`, String(began.return.attempts - began.outage.attempts)],
					["  all back after", seconds(back.seconds - began.return.seconds)],
					[
						"  MQTT connections",
						`${end.connects - began.return.connects}, at most ${peak(samples, "return", "connects")} a second`,
					],
					["  refused by the throttle", String(end.refused - began.return.refused)],
					["  enrolled again", String(end.assigned - began.return.assigned)],
				] as const)),
	];
}

/** The most in any second of the phase. */
export function peak(
	samples: readonly FleetSample[],
	phase: FleetSample["phase"],
	of: "connects" | "attempts",
): number {
	let highest = 0;
	for (const [i, sample] of samples.entries()) {
		if (sample.phase !== phase) continue;
		const before = samples.slice(0, i).findLast(({ seconds }) => sample.seconds - seconds >= 0.95);
		const passed = sample.seconds - (before?.seconds ?? 0);
		highest = Math.max(highest, Math.round((sample[of] - (before?.[of] ?? 0)) / Math.max(1, passed)));
	}
	return highest;
}

function share(samples: readonly FleetSample[]): number {
	const [first, last] = [samples[0]!, samples.at(-1)!];
	return last === first ? 0 : (last.cpuMs - first.cpuMs) / (last.seconds - first.seconds) / 10;
}

function most(samples: readonly FleetSample[]): FleetSample {
	return samples.reduce((a, b) => (b.rssBytes > a.rssBytes ? b : a));
}

function mebibytes({ rssBytes }: FleetSample): string {
	return `${Math.round(rssBytes / 1024 / 1024)} MiB`;
}

function seconds(value: number): string {
	return `${value.toFixed(1)} s`;
}
