/**
 * Topics of answers, the same at DPS and hub: `PREFIX STATUS /? a=1&b=2`. By hand: XS 8.2.3 takes up to 3.4 KB to compile a pattern, and
 * these would be made for each message.
 */

/** Undefined for a topic that is none. `status`: 100 to 999. */
export function splitAnswer(
	prefix: string,
	topic: string,
): { readonly status: number; readonly query: string } | undefined {
	const at = prefix.length + 3;
	const status = Number(topic.slice(prefix.length, at));
	if (!topic.startsWith(prefix) || topic.slice(at, at + 2) !== "/?") return undefined;
	return Number.isInteger(status) && status >= 100 && status <= 999
		? { status, query: topic.slice(at + 2) }
		: undefined;
}

/**
 * The value of one parameter, as it stands; undefined where there is none. Nothing is made of the others: their sender may send any number
 * of them, and each would cost a small device some slots.
 */
export function parameter(query: string, name: string): string | undefined {
	const start = `${name}=`;
	const isFirst = query.startsWith(start);
	const before = isFirst ? 0 : query.indexOf(`&${start}`) + 1;
	if (before === 0 && !isFirst) return undefined;
	const from = before + start.length;
	const end = query.indexOf("&", from);
	return query.slice(from, end < 0 ? undefined : end);
}
