/**
 * JSON (RFC 8259) from the hub and to it, within bounds: bytes, members and depth. No I/O.
 *
 * All is counted before anything is parsed (base/json-reader.ts). Refused: text that is not UTF-8 or not JSON, more than the
 * device's intake, and values without a JSON form.
 */
import { utf8 } from "../base/bytes.ts";
import { JsonStream } from "../base/json-stream.ts";
import type { Budget } from "../base/json-value.ts";
import { Fault } from "../fault.ts";
import type { Intake } from "./intake.ts";
import { jsonText } from "./json-text.ts";
import { checkSize } from "./limits.ts";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [name: string]: Json };

/** The whole value. Throws Fault hub.too-large for what does not fit, hub.response for what is no JSON. */
export function parseJson(bytes: Uint8Array, intake: Intake): Json {
	checkSize("JSON", bytes.length, intake.bytes);
	const parts = new JsonParts(intake, intake.budget());
	parts.push(bytes);
	return parts.whole();
}

/** The same of a value that comes in parts, within a budget of its own. */
export class JsonParts {
	readonly #intake: Intake;
	readonly #stream: JsonStream;

	constructor(intake: Intake, budget: Budget) {
		this.#intake = intake;
		this.#stream = new JsonStream(() => budget);
	}

	/** Throws nothing: `whole` does. */
	push(bytes: Uint8Array): void {
		this.#stream.push(bytes);
	}

	whole(): Json {
		const value = this.#stream.end();
		const { broken, bytes, reader } = this.#stream;
		if (broken !== undefined) throw new Fault("hub.response", `${bytes} bytes that are no JSON`, { cause: broken });
		if (reader.cutCount > 0) throw new Fault("hub.too-large", this.#intake.explain("JSON", reader));
		return value as Json;
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
