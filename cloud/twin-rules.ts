/**
 * What a section of a twin may hold, after "Understand and use device twins in IoT Hub" (Microsoft, 2024-02-22), "Tags and
 * properties format" and "Device twin size".
 */
import { isRecord } from "./json.ts";

const MOST_KEY_BYTES = 1024;
const MOST_STRING_BYTES = 4096;
const MOST_LEVELS = 10;
const MOST_SECTION_BYTES = 32 * 1024;
const LEAST_INTEGER = -4503599627370496;
const MOST_INTEGER = 4503599627370495;

/** Why a patch of desired or reported properties is refused, or undefined. */
export function patchProblem(patch: Readonly<Record<string, unknown>>): string | undefined {
	return problem(patch, 0);
}

/** Why the section may not become `after`: only what makes a section that is too large larger is refused. */
export function sizeProblem(before: unknown, after: unknown): string | undefined {
	const size = sectionBytes(after);
	if (size <= MOST_SECTION_BYTES || size <= sectionBytes(before)) return undefined;
	return `The section would have ${size} bytes; ${MOST_SECTION_BYTES} is the most.`;
}

/**
 * Keys and values in sum: strings as UTF-8 without control characters, numbers 8 bytes, booleans 4. Not documented: null
 * counts nothing, an array the sum of its elements.
 */
export function sectionBytes(value: unknown): number {
	if (typeof value === "string") return textBytes(value);
	if (typeof value === "number") return 8;
	if (typeof value === "boolean") return 4;
	if (Array.isArray(value)) return value.reduce((sum: number, element) => sum + sectionBytes(element), 0);
	if (!isRecord(value)) return 0;
	return Object.entries(value).reduce((sum, [key, member]) => sum + textBytes(key) + sectionBytes(member), 0);
}

/** `level` 0 is the section itself; arrays count as levels, too. Never deeper than one level too many. */
function problem(value: unknown, level: number): string | undefined {
	if (typeof value === "string") return textBytes(value) > MOST_STRING_BYTES ? "A string exceeds 4 KB." : undefined;
	if (typeof value === "number") {
		const outside = Number.isInteger(value) && (value < LEAST_INTEGER || value > MOST_INTEGER);
		return outside ? `An integer is outside ${LEAST_INTEGER} to ${MOST_INTEGER}.` : undefined;
	}
	if (typeof value !== "object" || value === null) return undefined;
	if (level > MOST_LEVELS) return `Objects are nested deeper than ${MOST_LEVELS} levels.`;
	for (const [key, member] of Object.entries(value)) {
		const found = (Array.isArray(value) ? undefined : keyProblem(key)) ?? problem(member, level + 1);
		if (found !== undefined) return found;
	}
	return undefined;
}

function keyProblem(key: string): string | undefined {
	if (Buffer.byteLength(key) > MOST_KEY_BYTES) return "A key exceeds 1 KB.";
	const foreign = FOREIGN.exec(key);
	return foreign === null ? undefined : `The key ${JSON.stringify(key)} has ${JSON.stringify(foreign[0])} in it.`;
}

/** What no key may have in it: `.`, `$`, space, and the control characters of C0 and C1. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const FOREIGN = /[.$ \u0000-\u001f\u007f-\u009f]/;

function textBytes(text: string): number {
	// biome-ignore lint/suspicious/noControlCharactersInRegex: they do not count
	return Buffer.byteLength(text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ""));
}
