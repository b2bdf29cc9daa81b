/** Topic names of DPS and IoT Hub: a path, then properties after `?` in any order; and filters that end in `#`. */
export interface Topic {
	readonly path: string;
	readonly query: ReadonlyMap<string, string>;
}

export function splitTopic(topic: string): Topic {
	const mark = topic.indexOf("?");
	return mark < 0
		? { path: topic, query: new Map() }
		: { path: topic.slice(0, mark), query: properties(topic.slice(mark + 1)) };
}

/** `a=1&b=2`, percent-decoded where that is possible. */
export function properties(text: string): Map<string, string> {
	const found = new Map<string, string>();
	for (const pair of text.split("&")) {
		if (pair === "") continue;
		const at = pair.indexOf("=");
		found.set(decode(at < 0 ? pair : pair.slice(0, at)), at < 0 ? "" : decode(pair.slice(at + 1)));
	}
	return found;
}

export function encodeProperties(bag: Readonly<Record<string, string>>): string {
	return Object.entries(bag)
		.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
		.join("&");
}

/** Filters here are literal, or a literal prefix and `#`. */
export function matches(filter: string, topic: string): boolean {
	if (!filter.endsWith("#")) return filter === topic;
	const prefix = filter.slice(0, -1);
	return topic.startsWith(prefix) || topic === prefix.slice(0, -1);
}

function decode(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}
