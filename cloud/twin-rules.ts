/**
 * What a section of a twin may hold, after "Understand and use device twins in IoT Hub" (Microsoft, 2024-02-22), "Tags and
 * properties format" and "Device twin size".
 */
import {
	LEAST_TWIN_INTEGER,
	MOST_SECTION_BYTES,
	MOST_TWIN_INTEGER,
	MOST_TWIN_LEVELS,
	MOST_TWIN_NAME_BYTES,
	MOST_TWIN_TEXT_BYTES,
} from "../src/hub/limits.ts";
import { sectionBytes } from "../src/hub/section.ts";

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

/** `level` 0 is the section itself; arrays count as levels, too. Never deeper than one level too many. `inArray`: or below one. */
function problem(value: unknown, level: number, inArray = false): string | undefined {
	if (value === null && inArray) return "Value of Property or Tag cannot be null inside of an array.";
	if (typeof value === "string")
		return Buffer.byteLength(value) > MOST_TWIN_TEXT_BYTES ? "A string exceeds 4 KB." : undefined;
	if (typeof value === "number") {
		if (!Number.isFinite(value)) return "A number is outside the range of a double.";
		const outside = Number.isInteger(value) && (value < LEAST_TWIN_INTEGER || value > MOST_TWIN_INTEGER);
		return outside ? `An integer is outside ${LEAST_TWIN_INTEGER} to ${MOST_TWIN_INTEGER}.` : undefined;
	}
	if (typeof value !== "object" || value === null) return undefined;
	if (level > MOST_TWIN_LEVELS) return `Objects are nested deeper than ${MOST_TWIN_LEVELS} levels.`;
	const isArray = Array.isArray(value);
	for (const [key, member] of Object.entries(value)) {
		const found = (isArray ? undefined : keyProblem(key)) ?? problem(member, level + 1, inArray || isArray);
		if (found !== undefined) return found;
	}
	return undefined;
}

function keyProblem(key: string): string | undefined {
	if (Buffer.byteLength(key) > MOST_TWIN_NAME_BYTES) return "A key exceeds 1 KB.";
	const foreign = FOREIGN.exec(key);
	return foreign === null ? undefined : `The key ${JSON.stringify(key)} has ${JSON.stringify(foreign[0])} in it.`;
}

/** What no key may have in it: `.`, `$`, space, and the control characters of C0 and C1. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const FOREIGN = /[.$ \u0000-\u001f\u007f-\u009f]/;
