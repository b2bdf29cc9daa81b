/**
 * JSON from clients and operators. Refused by RangeError, before anything is parsed: more levels than any of the service's
 * documents has. What is deeper passes JSON.parse, and ends the process later, where it is merged, written or shown.
 */
const MOST_LEVELS = 64;

export function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object that the bytes are, or undefined. */
export function parseRecord(bytes: Uint8Array): Record<string, unknown> | undefined {
	try {
		const value = parseJson(Buffer.from(bytes).toString("utf8"));
		return isRecord(value) ? value : undefined;
	} catch {
		return undefined;
	}
}

/** Throws RangeError, SyntaxError. */
export function parseJson(text: string): unknown {
	let level = 0;
	let quoted = false;
	for (let i = 0; i < text.length; i++) {
		const c = text[i];
		if (c === '"') quoted = !quoted;
		else if (quoted) {
			if (c === "\\") i++;
		} else if (c === "[" || c === "{") level++;
		else if (c === "]" || c === "}") level--;
		if (level > MOST_LEVELS) throw new RangeError(`more than ${MOST_LEVELS} levels`);
	}
	return JSON.parse(text);
}
