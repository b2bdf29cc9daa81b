/** Topic names of DPS and IoT Hub: a path, then properties after `?` in any order; and filters that end in `#`. */
export interface Topic {
	readonly path: string;
	readonly query: ReadonlyMap<string, string>;
}

/** Without what stands behind `?`. */
export function pathOf(topic: string): string {
	const mark = topic.indexOf("?");
	return mark < 0 ? topic : topic.slice(0, mark);
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
		const [name, value = ""] = cut(pair);
		found.set(decode(name), decode(value));
	}
	return found;
}

/** Properties of a message; null is a name without value, which is not the same as an empty one. */
export type Properties = Readonly<Record<string, string | null>>;

/** Of most messages, once for all. */
const NONE: Properties = Object.freeze({});

/** As in the topic of a message: `name`, `name=`, `name=value`. */
export function encodeProperties(bag: Properties): string {
	return Object.entries(bag)
		.map(([name, value]) => encodeURIComponent(name) + (value === null ? "" : `=${encodeURIComponent(value)}`))
		.join("&");
}

export function messageProperties(text: string): Properties {
	if (text === "") return NONE;
	const pairs = text.split("&").filter((pair) => pair !== "");
	return Object.fromEntries(
		pairs.map((pair) => {
			const [name, value] = cut(pair);
			return [decode(name), value === undefined ? null : decode(value)];
		}),
	);
}

/** As MQTT 3.1.1 section 4.7 has it: `+` is one level, `#` at the end everything from there on and the level above. */
export function matches(filter: string, topic: string): boolean {
	const wanted = filter.split("/");
	const levels = topic.split("/");
	const open = wanted.at(-1) === "#";
	if (open) wanted.pop();
	if (open ? levels.length < wanted.length : levels.length !== wanted.length) return false;
	return wanted.every((level, i) => level === "+" || level === levels[i]);
}

function cut(pair: string): [name: string, value?: string] {
	const at = pair.indexOf("=");
	return at < 0 ? [pair] : [pair.slice(0, at), pair.slice(at + 1)];
}

function decode(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}
