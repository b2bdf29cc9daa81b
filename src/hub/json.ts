/**
 * JSON (RFC 8259) from the hub and to it, within bounds: bytes, members and depth. No I/O.
 *
 * All is counted before anything is parsed (base/json-reader.ts). Refused: text that is not UTF-8 or not JSON, more than the
 * device's intake, and values without a JSON form.
 */
import { utf8 } from "../base/bytes.ts";
import { JsonStream } from "../base/json-stream.ts";
import { Fault } from "../fault.ts";
import type { Intake } from "./intake.ts";
import { jsonText } from "./json-text.ts";
import { checkSize } from "./limits.ts";
import { chooseOffer } from "./own.ts";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [name: string]: Json };

/** The whole value. Throws Fault hub.too-large for what does not fit, hub.response for what is no JSON. */
export function parseJson(bytes: Uint8Array, intake: Intake): Json {
	checkSize("JSON", bytes.length, intake.bytes);
	const budget = intake.budget();
	const stream = new JsonStream(() => budget);
	stream.push(bytes);
	return wholeOf(stream, intake);
}

/** An offer of an update, or what stands in its place, which may come in parts. */
export class OfferParts {
	readonly #intake: Intake;
	readonly #stream: JsonStream;
	/** There is more than the agent knows. */
	#isMore = false;

	constructor(intake: Intake) {
		this.#intake = intake;
		const budget = intake.ownBudget();
		this.#stream = new JsonStream((path, kind) => {
			const choice = chooseOffer(path, kind, budget);
			if (choice === "skip") this.#isMore = true;
			return choice;
		});
	}

	/** Throws nothing: `whole` does, as parseJson. */
	push(bytes: Uint8Array): void {
		this.#stream.push(bytes);
	}

	/** Its known members; true where there are others alone, which is not the same as nothing. */
	whole(): Json {
		const value = wholeOf(this.#stream, this.#intake);
		return this.#isMore && isObject(value) && Object.keys(value).length === 0 ? true : value;
	}
}

function wholeOf(stream: JsonStream, intake: Intake): Json {
	const value = stream.end();
	const { broken, bytes, reader } = stream;
	if (reader === undefined) throw new Fault("hub.response", `${bytes} bytes that are no JSON`, { cause: broken });
	if (reader.cutCount > 0) throw new Fault("hub.too-large", intake.explain("JSON", reader));
	return value as Json;
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
