/**
 * A value as JSON text (RFC 8259), by our own writer: the SDK's (XS 8.2.3) writes a Date as `{}` and throws on an object of a
 * preloaded module, so that the same program would say something else on a board. The bytes are those of ECMA-262's JSON.stringify,
 * but what JSON cannot say is refused and not left out in silence: NaN, infinities, functions, symbols, BigInts, Maps, Sets,
 * bytes, invalid dates. Members that are undefined are left out.
 */
import { Fault } from "../fault.ts";
import { checkSize, MOST_JSON_LEVELS } from "./limits.ts";

/** Joined when they are that many. */
const MOST_PARTS = 32;

/** Throws Fault hub.invalid, which names the place, and hub.too-large. `most`: characters, at most bytes. */
export function jsonText(value: unknown, most: number): string {
	let parts: string[] = [];
	let length = 0;
	const put = (text: string): void => {
		length += text.length;
		checkSize("JSON", length, most);
		// An array of all pieces would be larger than the text.
		if (parts.length === MOST_PARTS) parts = [parts.join("")];
		parts.push(text);
	};
	write(value, "", 0, put);
	return parts.length === 1 ? parts[0]! : parts.join("");
}

function write(given: unknown, at: string, levels: number, put: (text: string) => void): void {
	const value = plain(given, at);
	if (typeof value === "string") put(quoted(value));
	else if (value === null || typeof value === "boolean" || Number.isFinite(value)) put(String(value));
	else if (typeof value !== "object") refuse(at, typeof value === "number" ? String(value) : typeof value);
	else if (levels >= MOST_JSON_LEVELS) refuse(at, `more than ${MOST_JSON_LEVELS} levels, or a cycle`);
	else if (Array.isArray(value)) {
		put("[");
		for (let i = 0; i < value.length; i++) {
			if (i > 0) put(",");
			// As JSON.stringify: a hole keeps the others at their places.
			write(value[i] === undefined ? null : value[i], `${at}[${i}]`, levels + 1, put);
		}
		put("]");
	} else writeMembers(value, at, levels, put);
}

function writeMembers(value: object, at: string, levels: number, put: (text: string) => void): void {
	if (value instanceof Map || value instanceof Set || value instanceof ArrayBuffer || ArrayBuffer.isView(value))
		refuse(at, "a Map, a Set or bytes");
	let separator = "{";
	for (const name of Object.keys(value)) {
		const member = (value as Record<string, unknown>)[name];
		if (member === undefined) continue;
		put(`${separator}${quoted(name)}:`);
		write(member, `${at}.${name}`, levels + 1, put);
		separator = ",";
	}
	put(separator === "{" ? "{}" : "}");
}

/** What the value stands for: a date its text, an object with toJSON what that gives. */
function plain(value: unknown, at: string): unknown {
	if (value instanceof Date) return Number.isNaN(value.getTime()) ? refuse(at, "an invalid date") : value.toISOString();
	if (typeof value !== "object" || value === null) return value;
	if (value instanceof Number || value instanceof String || value instanceof Boolean) return value.valueOf();
	const { toJSON } = value as { readonly toJSON?: unknown };
	return typeof toJSON === "function" ? (toJSON.call(value) as unknown) : value;
}

/** Native: of texts the engines write the same, and XS reads characters one by one in quadratic time. */
const quoted = (text: string): string => JSON.stringify(text);

function refuse(at: string, what: string): never {
	throw new Fault("hub.invalid", `a value that JSON cannot say${at === "" ? "" : ` at ${at.slice(0, 80)}`}: ${what}`);
}
