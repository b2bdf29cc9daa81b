/** One line that is broken on purpose. */
export interface Mutant {
	/** From the project's root. */
	readonly file: string;
	/** Occurs once. */
	readonly from: string;
	readonly to: string;
	/** Of the tests that must notice, as `x509/der`. */
	readonly tests: readonly string[];
	/** It runs on XS: the tables of test/sim/tls.test.ts that are looked at, separated by commas. */
	readonly xs?: string | undefined;
	/** The variable that names what those tests read; they are skipped without it. */
	readonly needs?: string | undefined;
	/** Why it may live. */
	readonly argued?: string;
}

/** Of one file, guarded by these tests: what is there, what takes its place. */
export const mutantsOf = (
	file: string,
	tests: readonly string[],
	changes: readonly (readonly [from: string, to: string, argued?: string])[],
	more: Pick<Mutant, "xs" | "needs"> = {},
): Mutant[] =>
	changes.map(([from, to, argued]) => ({
		file,
		from,
		to,
		tests,
		...more,
		...(argued === undefined ? {} : { argued }),
	}));
