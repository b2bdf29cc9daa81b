/** The numbers in telemetry: each numeric field of the JSON bodies with its course over time. */

const MOST_FIELDS = 24;
const MOST_LEVELS = 4;

/** By path ("a.b", "c[0]"), oldest first: [time, value]. `messages`: newest first, as the model has them. */
export function fieldsOf(messages) {
	const fields = new Map();
	for (const { time, body } of messages.toReversed())
		for (const [path, value] of numbersIn(parsed(body), "", 0)) {
			if (!fields.has(path) && fields.size >= MOST_FIELDS) continue;
			const points = fields.get(path) ?? [];
			fields.set(path, points);
			points.push([time, value]);
		}
	return fields;
}

function parsed(body) {
	try {
		return JSON.parse(body);
	} catch {
		return undefined;
	}
}

function numbersIn(value, path, levels) {
	if (typeof value === "number") return [[path === "" ? "value" : path, value]];
	if (typeof value !== "object" || value === null || levels >= MOST_LEVELS) return [];
	return Object.entries(value).flatMap(([name, member]) => {
		const at = Array.isArray(value) ? `${path}[${name}]` : path === "" ? name : `${path}.${name}`;
		return numbersIn(member, at, levels + 1);
	});
}
