/** The start bench as a table for people. */
import { type Result, ratio } from "./start.ts";

const NAMES: Readonly<Record<keyof Result, string>> = {
	node: "node -e 0",
	help: "enrollee --help",
	enrol: "enrollee run --once, enrolment",
	again: "enrollee run --once, enrolled",
	startFresh: "npm start, nothing built",
	startBuilt: "npm start, built",
};

export function formatStart(result: Result): string {
	const rows = Object.entries(NAMES).map(([key, name]) => {
		const { cpuSeconds, wallSeconds } = result[key as keyof Result];
		return row([name, cpuSeconds.toFixed(3), ratio(result, key as keyof Result).toFixed(2), wallSeconds.toFixed(2)]);
	});
	return ["The command line beside Node itself", row(["", "CPU, s", "ratio", "wall, s"]), ...rows].join("\n");
}

const row = (cells: readonly string[]): string =>
	cells.map((cell, i) => (i === 0 ? cell.padEnd(34) : cell.padStart(10))).join("");
