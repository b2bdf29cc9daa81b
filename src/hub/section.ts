/**
 * The size of a twin's section as IoT Hub counts it ("Understand and use device twins in IoT Hub", Device twin size; Microsoft,
 * 2024-02-22): names and values in sum, nothing for what JSON writes around them. How much text is held is another bound:
 * MOST_PATCH_BYTES.
 */
import { utf8 } from "../base/bytes.ts";

/**
 * Texts and names as UTF-8 without control characters, numbers 8 bytes, booleans 4. A member that is null removes one, and counts
 * nothing. Not documented: an array is the sum of its elements.
 */
export function sectionBytes(value: unknown): number {
	if (typeof value === "string") return textBytes(value);
	if (typeof value === "number") return 8;
	if (typeof value === "boolean") return 4;
	if (typeof value !== "object" || value === null) return 0;
	let sum = 0;
	if (Array.isArray(value)) for (const element of value) sum += sectionBytes(element);
	else
		for (const [name, member] of Object.entries(value))
			if (member !== null) sum += textBytes(name) + sectionBytes(member);
	return sum;
}

/** Left out: C0 and DEL, one byte each, and C1, which is C2 80 to C2 9F. */
function textBytes(text: string): number {
	const bytes = utf8(text);
	let count = bytes.length;
	for (let at = 0; at < bytes.length; at++) {
		const byte = bytes[at]!;
		if (byte < 0x20 || byte === 0x7f) count--;
		else if (byte === 0xc2 && bytes[at + 1]! < 0xa0) count -= 2;
	}
	return count;
}
