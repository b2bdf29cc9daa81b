/** What is live over names, messages and connections, as SVG: a line each, from zero, with the band of 2 %. Light and dark. */
import type { Series } from "./soak.test.ts";

const [WIDTH, PANEL, LEFT, TOP, GAP] = [760, 110, 70, 30, 50];

export function plot(all: readonly Series[]): string {
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${TOP + all.length * (PANEL + GAP)}" role="img" font-family="sans-serif" font-size="12">`,
		"<title>What is live in a device on XS, bytes as on a 32-bit chip</title>",
		STYLE,
		`<rect class="back" width="100%" height="100%"/>`,
		...all.map((series, i) => panel(series, TOP + i * (PANEL + GAP))),
		"</svg>\n",
	].join("\n");
}

function panel({ name, live }: Series, top: number): string {
	const [first = 0] = live;
	const most = 1.25 * first;
	const x = (i: number) => (LEFT + (i / Math.max(1, live.length - 1)) * (WIDTH - 2 * LEFT)).toFixed(1);
	const y = (bytes: number) => (top + PANEL * (1 - bytes / most)).toFixed(1);
	const height = (0.04 * first * PANEL) / most;
	return [
		`<text class="plain" x="${LEFT}" y="${top - 8}">live after each of ${live.length}: ${name}</text>`,
		`<rect class="band" x="${LEFT}" y="${y(1.02 * first)}" width="${WIDTH - 2 * LEFT}" height="${height.toFixed(1)}"/>`,
		...[0, first].map(
			(bytes) => `<text class="plain" x="${LEFT - 8}" y="${y(bytes)}" text-anchor="end">${bytes}</text>`,
		),
		`<path class="grid" d="M${LEFT} ${y(0)}H${WIDTH - LEFT}"/>`,
		`<path class="line" d="M${live.map((bytes, i) => `${x(i)} ${y(bytes)}`).join("L")}"/>`,
	].join("\n");
}

const STYLE = `<style>
.back { fill: #fff } .plain { fill: #5b6670 } .grid { stroke: #d9dee4 } .band { fill: #e0b050; opacity: .4 }
.line { fill: none; stroke: #0a6c8e; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
.back { fill: #12161b } .plain { fill: #98a4af } .grid { stroke: #2f3943 } .line { stroke: #57b9d9 }
}
</style>`;
