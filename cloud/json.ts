/** JSON that came from outside. */

export function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object that the bytes are, or undefined. */
export function parseRecord(bytes: Uint8Array): Record<string, unknown> | undefined {
	try {
		const value: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
		return isRecord(value) ? value : undefined;
	} catch {
		return undefined;
	}
}
