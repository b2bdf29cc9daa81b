/** Chains of a public suite, and what is expected of them: by the suite, or by a list of differences with a reason each. */
import assert from "node:assert/strict";
import { type KeyObject, X509Certificate } from "node:crypto";

export interface Case {
	readonly id: string;
	/** DER, leaf first. */
	readonly chain: readonly Uint8Array[];
	readonly anchors: readonly Uint8Array[];
	/** Whom the leaf must name; absent: nobody. */
	readonly host?: string;
	/** ms since 1970; absent: today. */
	readonly now?: number;
	/** The leaf's, where the suite gives it away. */
	readonly key?: KeyObject | undefined;
	/** What the suite says. */
	readonly isValid: boolean;
}

/** By id, or by a pattern that ends in `*`: the reason. */
type Reasons = Readonly<Record<string, string>>;

export interface Differences {
	/** Invalid for the suite. */
	readonly accepted: Reasons;
	/** Valid for the suite. */
	readonly refused: Reasons;
}

/** `verdicts`: by id, "accepted" or why not. Each that is not the suite's must be in the list, and each entry of the list be needed. */
export function compare(cases: readonly Case[], verdicts: ReadonlyMap<string, string>, differences: Differences): void {
	assert.deepEqual(
		[...verdicts.keys()],
		cases.map(({ id }) => id),
		"a verdict each",
	);
	const found: { accepted: string[]; refused: string[] } = { accepted: [], refused: [] };
	for (const { id, isValid } of cases) {
		const isAccepted = verdicts.get(id) === "accepted";
		if (isAccepted !== isValid) found[isAccepted ? "accepted" : "refused"].push(id);
	}
	for (const kind of ["accepted", "refused"] as const) {
		const patterns = Object.keys(differences[kind]);
		const unexplained = found[kind].filter((id) => !patterns.some((pattern) => fits(pattern, id)));
		assert.deepEqual(
			unexplained.map((id) => `${id}: ${verdicts.get(id)}`),
			[],
			`${kind} without a reason`,
		);
		const idle = patterns.filter((pattern) => !found[kind].some((id) => fits(pattern, id)));
		assert.deepEqual(idle, [], `no longer ${kind}`);
	}
}

const fits = (pattern: string, id: string): boolean =>
	pattern.endsWith("*") ? id.startsWith(pattern.slice(0, -1)) : id === pattern;

/** As a server sends them (RFC 5246 section 7.4.2): each followed by its issuer, and what has no part in it at the end. */
export function inOrder(leaf: Uint8Array, others: readonly Uint8Array[]): Uint8Array[] {
	const path = pathFrom(leaf, others);
	return [...path, ...others.filter((der) => !path.includes(der))];
}

/** One that is not a path at all is the leaf. */
export function pathFrom(leaf: Uint8Array, others: readonly Uint8Array[]): Uint8Array[] {
	const path = [leaf];
	for (let next: Uint8Array | undefined = leaf; next !== undefined; ) {
		const last: Uint8Array = next;
		next = others.find((candidate) => !path.includes(candidate) && isIssuedBy(last, candidate));
		if (next !== undefined) path.push(next);
	}
	return path;
}

function isIssuedBy(certificate: Uint8Array, issuer: Uint8Array): boolean {
	try {
		const [below, above] = [new X509Certificate(certificate), new X509Certificate(issuer)];
		return below.checkIssued(above) && below.verify(above.publicKey);
	} catch {
		return false; // not even readable
	}
}
