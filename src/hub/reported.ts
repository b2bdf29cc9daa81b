/**
 * Reported properties on their way to the hub: patches (RFC 7396) that wait, merged where that says the same, and bounded.
 *
 * A patch that turns what an earlier one deletes or sets to a plain value into an object must come after it, else the hub
 * would keep members that the application has given up. Refused: what IoT Hub refuses in a twin, by name, text,
 * number, depth and size; so that a device learns it at once and not from a 400.
 */
import { utf8, utf8Text } from "../base/bytes.ts";
import { Fault } from "../fault.ts";
import { encodeJson, isObject, type Json, type JsonObject } from "./json.ts";
import { jsonText } from "./json-text.ts";
import {
	checkSize,
	LEAST_TWIN_INTEGER,
	MOST_PATCH_BYTES,
	MOST_SECTION_BYTES,
	MOST_TWIN_INTEGER,
	MOST_TWIN_LEVELS,
	MOST_TWIN_NAME_BYTES,
	MOST_TWIN_TEXT_BYTES,
} from "./limits.ts";
import { sectionBytes } from "./section.ts";

/** Called once; `version`: of the reported properties after the patch. */
export type ReportDone = (fault?: Fault, version?: number) => void;

export interface Patch {
	/** JSON. As values it would be three times as much, for as long as the hub is away. */
	readonly bytes?: Uint8Array;
	/** In place of them, and merged with none: gives the patch each time that it leaves. Nothing is held for it, also while the hub is silent. */
	readonly make?: () => object;
	readonly dones: readonly ReportDone[];
}

/** Throws Fault hub.invalid, hub.too-large. Gives a copy: the caller's object may change. */
export function checkPatch(value: object): JsonObject {
	checkProperties(value, MOST_TWIN_LEVELS);
	const copy = JSON.parse(jsonText(value, MOST_PATCH_BYTES)) as Json;
	if (!isObject(copy)) throw invalid("a patch that is no object");
	checkSection(copy);
	return copy;
}

/**
 * `waiting` and one more, as few patches as will do. Throws Fault hub.too-large when one exceeds a section, or all of them
 * MOST_PATCH_BYTES.
 */
export function queued(waiting: readonly Patch[], held: number, patch: JsonObject, done: ReportDone): Patch[] {
	const last = waiting.length > held ? waiting.at(-1) : undefined;
	const both = last?.bytes && merged(JSON.parse(utf8Text(last.bytes)) as JsonObject, patch);
	const next = both ?? patch;
	const kept = both ? waiting.slice(0, -1) : waiting;
	if (both) checkSection(both);
	const bytes = encodeJson(next, MOST_PATCH_BYTES);
	const all = [...kept, { bytes, dones: [...(both && last ? last.dones : []), done] }];
	checkSize(
		"reported patches that wait",
		all.reduce((sum, one) => sum + (one.bytes?.length ?? 0), 0),
		MOST_PATCH_BYTES,
	);
	return all;
}

export const bytesOf = ({ bytes, make }: Patch): Uint8Array => bytes ?? encodeJson(make!(), MOST_PATCH_BYTES);

/** One patch that does what `first` and then `second` do; undefined when there is none. */
export function merged(first: JsonObject, second: JsonObject): JsonObject | undefined {
	const members = new Map(Object.entries(first));
	for (const [name, value] of Object.entries(second)) {
		const before = members.get(name);
		if (before === undefined || !isObject(value)) members.set(name, value);
		else if (!isObject(before)) return undefined;
		else {
			const both = merged(before, value);
			if (!both) return undefined;
			members.set(name, both);
		}
	}
	return Object.fromEntries(members);
}

function checkSection(patch: JsonObject): void {
	checkSize("reported properties, names and values in sum,", sectionBytes(patch), MOST_SECTION_BYTES);
}

/**
 * `inArray`: at whatever depth below one. There null has no meaning, removal or other, and the hub refuses all of the patch with 400,
 * what was merged into it included; JSON makes null of undefined.
 */
function checkProperties(value: unknown, levels: number, inArray = false): void {
	if (inArray && (value === null || value === undefined)) throw invalid("null in an array");
	switch (typeof value) {
		case "undefined":
		case "boolean":
			return;
		case "string":
			checkSize("a text in a twin", utf8(value).length, MOST_TWIN_TEXT_BYTES);
			return;
		case "number":
			if (!Number.isFinite(value)) throw invalid(`the number ${value}`);
			if (Number.isInteger(value) && (value < LEAST_TWIN_INTEGER || value > MOST_TWIN_INTEGER))
				throw invalid(`the integer ${value}, outside what a twin holds`);
			return;
		case "object":
			break;
		default:
			throw invalid(`a ${typeof value}`);
	}
	if (value === null) return;
	if (levels < 0) throw invalid(`more than ${MOST_TWIN_LEVELS} levels`);
	if (Array.isArray(value)) {
		for (const item of value) checkProperties(item, levels - 1, true);
		return;
	}
	for (const [name, member] of Object.entries(value)) {
		checkName(name);
		checkProperties(member, levels - 1, inArray);
	}
}

function checkName(name: string): void {
	if (name === "" || hasForbidden(name))
		throw invalid("a name that is empty or has a control character, '.', '$' or a space");
	checkSize("a name in a twin", utf8(name).length, MOST_TWIN_NAME_BYTES);
}

/** C0, C1, ".", "$" and space. Not by a pattern: XS would compile it for each name. */
function hasForbidden(name: string): boolean {
	for (let i = 0; i < name.length; i++) {
		const unit = name.charCodeAt(i);
		if (unit <= 0x20 || unit === 0x24 || unit === 0x2e || (unit >= 0x7f && unit <= 0x9f)) return true;
	}
	return false;
}

function invalid(what: string): Fault {
	return new Fault("hub.invalid", `reported properties: ${what}`);
}
