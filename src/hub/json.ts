/**
 * JSON (RFC 8259) from the hub and to it, within bounds: bytes, members and depth. No I/O.
 *
 * All is counted before anything is parsed (base/json-reader.ts). Refused: text that is not UTF-8 or not JSON, more than the
 * device's intake, and values without a JSON form.
 */
import { utf8 } from "../base/bytes.ts";
import { JsonReader } from "../base/json-reader.ts";
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
	readonly #reader: JsonReader;
	#bytes = 0;
	#broken: unknown;

	constructor(intake: Intake, budget: Budget) {
		this.#intake = intake;
		this.#reader = new JsonReader(() => budget);
	}

	/** Throws nothing: `whole` does. */
	push(bytes: Uint8Array): void {
		this.#bytes += bytes.length;
		this.#try(() => this.#reader.push(bytes));
	}

	whole(): Json {
		const value = this.#try(() => this.#reader.end());
		if (this.#broken !== undefined)
			throw new Fault("hub.response", `${this.#bytes} bytes that are no JSON`, { cause: this.#broken });
		if (this.#reader.cutCount > 0) throw new Fault("hub.too-large", this.#intake.explain("JSON", this.#reader));
		return value as Json;
	}

	#try<T>(read: () => T): T | undefined {
		try {
			return this.#broken === undefined ? read() : undefined;
		} catch (thrown) {
			this.#broken = thrown;
			return undefined;
		}
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
