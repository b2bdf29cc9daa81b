/** A fleet's day as SVG: attempts a second (area) and connections at the hub (line) over time. Light and dark. */
import type { FleetReport, FleetSample } from "./run.ts";

const [WIDTH, HEIGHT] = [760, 300];
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 58, 34, 40];

export function plot({ samples, options, began }: FleetReport): string {
	const rates = ratesOf(samples);
	const last = samples.at(-1)!.seconds;
	const mostRate = ceiling(Math.max(...rates.map(([, rate]) => rate)));
	const x = (seconds: number) => LEFT + (seconds / last) * (WIDTH - LEFT - RIGHT);
	const y = (share: number) => HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
	const area = rates.map(([seconds, rate]) => `L${fix(x(seconds))} ${fix(y(rate / mostRate))}`).join("");
	const line = samples.map(({ seconds, connected }) => `${fix(x(seconds))} ${fix(y(connected / options.devices))}`);
	const outage = began.outage && began.return && [x(began.outage.seconds), x(began.return.seconds)];
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" font-family="sans-serif" font-size="12">`,
		`<title>${options.devices} devices: attempts and connections over time</title>`,
		STYLE,
		`<rect class="back" width="${WIDTH}" height="${HEIGHT}"/>`,
		outage &&
			`<rect class="outage" x="${fix(outage[0]!)}" y="${TOP}" width="${fix(outage[1]! - outage[0]!)}" height="${HEIGHT - TOP - BOTTOM}"/>`,
		outage && text((outage[0]! + outage[1]!) / 2, TOP + 16, "outage", "middle"),
		...[0, 0.5, 1].flatMap((share) => [
			`<path class="grid" d="M${LEFT} ${fix(y(share))}H${WIDTH - RIGHT}"/>`,
			text(LEFT - 6, y(share) + 4, String(mostRate * share), "end", "rate"),
			text(WIDTH - RIGHT + 6, y(share) + 4, String(Math.round(options.devices * share)), "start", "connected"),
		]),
		...ticks(last).map((seconds) => text(x(seconds), HEIGHT - BOTTOM + 18, `${seconds} s`, "middle")),
		`<path class="area" d="M${LEFT} ${fix(y(0))}${area}L${fix(x(last))} ${fix(y(0))}Z"/>`,
		`<path class="line" d="M${line.join("L")}"/>`,
		text(LEFT - 40, 18, "attempts a second", "start", "rate"),
		text(WIDTH - RIGHT + 50, 18, "connected to the hub", "end", "connected"),
		"</svg>",
		"",
	]
		.filter((part) => part !== undefined)
		.join("\n");
}

/** Attempts a second, each over the second before. */
function ratesOf(samples: readonly FleetSample[]): [seconds: number, rate: number][] {
	return samples.map(({ seconds, attempts }, i) => {
		const before = samples[Math.max(0, i - 2)]!;
		const first = i === 0 ? { seconds: 0, attempts: 0 } : before;
		return [seconds, (attempts - first.attempts) / Math.max(0.5, seconds - first.seconds)];
	});
}

/** A round number that is not below. */
function ceiling(value: number): number {
	const size = 10 ** Math.floor(Math.log10(Math.max(1, value)));
	return [1, 2, 5, 10].map((step) => step * size).find((round) => round >= value)!;
}

function ticks(last: number): number[] {
	const step = ceiling(last / 8);
	return Array.from({ length: Math.floor(last / step) + 1 }, (_, i) => i * step);
}

function text(x: number, y: number, content: string, anchor: "start" | "middle" | "end", look = "plain"): string {
	return `<text class="${look}" x="${fix(x)}" y="${fix(y)}" text-anchor="${anchor}">${content}</text>`;
}

function fix(value: number): string {
	return value.toFixed(1);
}

const STYLE = `<style>
.back { fill: #fff } .plain { fill: #5b6670 } .grid { stroke: #d9dee4 } .outage { fill: #b3261e; opacity: .08 }
.rate { fill: #96650a } .area { fill: #e0b050; opacity: .6 } .connected { fill: #0a6c8e }
.line { fill: none; stroke: #0a6c8e; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
.back { fill: #12161b } .plain { fill: #98a4af } .grid { stroke: #2f3943 } .outage { opacity: .25 }
.rate { fill: #e0b050 } .connected { fill: #57b9d9 } .line { stroke: #57b9d9 }
}
</style>`;
