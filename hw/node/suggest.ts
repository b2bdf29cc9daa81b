/** "Did you mean": the known word that is nearest to a mistyped one, or nothing. */
export function suggestion(given: string, known: readonly string[]): string {
	const near = known
		.map((word) => ({ word, distance: distance(given.toLowerCase(), word.toLowerCase()) }))
		.filter(({ word, distance }) => distance <= Math.max(2, word.length / 3))
		.sort((a, b) => a.distance - b.distance)[0];
	return near === undefined ? "" : `; did you mean ${near.word}?`;
}

/** Levenshtein's; of long words only the beginning. */
function distance(a: string, b: string): number {
	let row = Array.from({ length: b.length + 1 }, (_, at) => at);
	for (let i = 0; i < Math.min(a.length, 64); i++) {
		const next = [i + 1];
		for (let j = 0; j < b.length; j++)
			next.push(Math.min(row[j + 1]! + 1, next[j]! + 1, row[j]! + (a[i] === b[j] ? 0 : 1)));
		row = next;
	}
	return row[b.length]!;
}
