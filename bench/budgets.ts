/** Measured numbers against the budgets in bench/budgets.json. */

const TOLERANCE = 0.05;
/** A slot's bytes: where little is left, one more is no news. */
const SLACK = 16;

export interface Numbers {
	readonly [name: string]: number | Numbers;
}

/** One line for each number that is off by more than the tolerance, missing or new. */
export function compare(budgets: object, measured: object, path = ""): string[] {
	const names = new Set([...Object.keys(budgets), ...Object.keys(measured)]);
	return [...names].flatMap((name) => {
		const [budget, found] = [(budgets as Numbers)[name], (measured as Numbers)[name]];
		if (typeof budget === "object" && typeof found === "object") return compare(budget, found, `${path}${name}.`);
		const within =
			typeof budget === "number" &&
			typeof found === "number" &&
			Math.abs(found - budget) <= Math.max(TOLERANCE * budget, SLACK);
		return within ? [] : [`bench: ${path}${name}: budget ${budget}, measured ${found}`];
	});
}

/** Number by number, of an odd number of runs alike in all but timing. */
export function median<T extends object>(runs: readonly T[]): T {
	const of = (values: readonly (number | Numbers)[]): number | Numbers =>
		typeof values[0] === "object"
			? median(values as Numbers[])
			: (values as number[]).toSorted((a, b) => a - b)[(values.length - 1) / 2]!;
	const names = Object.keys(runs[0]!);
	return Object.fromEntries(names.map((name) => [name, of(runs.map((run) => (run as Numbers)[name]!))])) as T;
}
