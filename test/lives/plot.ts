/** A picture of many lives: when credentials were renewed and replaced over the years, and how long devices were offline. */
import type { LifeResult } from "./life.ts";

const WIDTH = 960;
const PANEL = { height: 150, top: 60, gap: 70, left: 70 } as const;
const COLUMNS = 120;

export function plot(results: readonly LifeResult[], { years, seed }: { years: number; seed: number }): string {
	const overYears = (of: (result: LifeResult) => readonly number[]): number[] => {
		const counts = Array.from({ length: COLUMNS }, () => 0);
		for (const share of results.flatMap(of)) counts[Math.min(COLUMNS - 1, Math.floor(share * COLUMNS))]!++;
		return counts;
	};
	const offline = Array.from({ length: COLUMNS }, () => 0);
	for (const { longestOfflineMs } of results) offline[column(longestOfflineMs / 3600_000)]!++;
	const panels = [
		panel(
			0,
			`renewals over ${years} years`,
			overYears(({ renewedAt }) => renewedAt),
			"#2a6f97",
		),
		panel(
			1,
			"re-enrolments with the onboarding credential",
			overYears(({ reenrolledAt }) => reenrolledAt),
			"#bc6c25",
		),
		panel(2, "longest time offline in a life, 1 h to a year (logarithmic), power off included", offline, "#606c38"),
	];
	const height = PANEL.top + panels.length * (PANEL.height + PANEL.gap);
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="13">`,
		`<rect width="100%" height="100%" fill="white"/>`,
		`<text x="${PANEL.left}" y="28" font-size="18">${results.length} lives of ${years} years, seed ${seed}</text>`,
		...panels,
		"</svg>\n",
	].join("\n");
}

function panel(number: number, title: string, counts: readonly number[], colour: string): string {
	const top = PANEL.top + number * (PANEL.height + PANEL.gap);
	const most = Math.max(1, ...counts);
	const wide = (WIDTH - 2 * PANEL.left) / counts.length;
	const bars = counts.map((count, i) => {
		const tall = (count / most) * PANEL.height;
		const at = `x="${(PANEL.left + i * wide).toFixed(1)}" y="${(top + PANEL.height - tall).toFixed(1)}"`;
		return `<rect ${at} width="${(wide - 1).toFixed(1)}" height="${tall.toFixed(1)}" fill="${colour}"/>`;
	});
	const line = `M${PANEL.left} ${top + PANEL.height}H${WIDTH - PANEL.left}`;
	return [
		`<text x="${PANEL.left}" y="${top - 8}">${title}</text>`,
		`<text x="${PANEL.left - 8}" y="${top + 10}" text-anchor="end">${most}</text>`,
		...bars,
		`<path d="${line}" stroke="black"/>`,
	].join("\n");
}

/** 1 h to 8760 h. */
function column(hours: number): number {
	const share = Math.log(Math.max(1, hours)) / Math.log(8760);
	return Math.min(COLUMNS - 1, Math.floor(share * COLUMNS));
}
