/** Measured numbers against the budgets in bench/budgets.json. */

const TOLERANCE = 0.05;

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
			typeof budget === "number" && typeof found === "number" && Math.abs(found - budget) <= TOLERANCE * budget;
		return within ? [] : [`bench: ${path}${name}: budget ${budget}, measured ${found}`];
	});
}
