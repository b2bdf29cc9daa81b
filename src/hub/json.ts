/**
 * JSON (RFC 8259) from the hub and to it, within bounds: bytes and depth. No I/O.
 *
 * Depth is counted before anything is parsed, because a parser that recurses ends a small device on a few hundred
 * brackets. Refused: text that is not UTF-8 or not JSON, more bytes or levels than allowed, and values without a JSON form.
 */
import { utf8, utf8Text } from "../base/bytes.ts";
import { Fault } from "../fault.ts";
import { jsonText } from "./json-text.ts";
import { checkSize, MOST_JSON_LEVELS } from "./limits.ts";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [name: string]: Json };

/** Throws Fault hub.too-large, hub.response. */
export function parseJson(bytes: Uint8Array, mostBytes: number): Json {
	checkSize("JSON", bytes.length, mostBytes);
	if (levelsOf(bytes) > MOST_JSON_LEVELS)
		throw new Fault("hub.too-large", `JSON of more than ${MOST_JSON_LEVELS} levels`);
	try {
		return JSON.parse(utf8Text(bytes)) as Json;
	} catch (thrown) {
		throw new Fault("hub.response", `${bytes.length} bytes that are no JSON`, { cause: thrown });
	}
}

/** Throws Fault hub.too-large, hub.invalid. */
export function encodeJson(value: unknown, mostBytes: number): Uint8Array {
	const bytes = utf8(jsonText(value, mostBytes));
	checkSize("JSON", bytes.length, mostBytes);
	return bytes;
}

export function isObject(value: unknown): value is JsonObject {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Brackets inside strings do not count; text that is no JSON gets some number, and the parser's refusal. */
function levelsOf(bytes: Uint8Array): number {
	let level = 0;
	let most = 0;
	let quoted = false;
	for (let i = 0; i < bytes.length; i++) {
		const c = bytes[i]!;
		if (c === 0x22) quoted = !quoted;
		else if (quoted) {
			if (c === 0x5c) i++;
		} else if (c === 0x5b || c === 0x7b) most = Math.max(most, ++level);
		else if (c === 0x5d || c === 0x7d) level--;
	}
	return most;
}
