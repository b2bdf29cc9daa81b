/**
 * Which copy of the application is good and which is on trial: JSON in one blob of the store, each change one atomic put.
 * A record that cannot be read is one that was never written; one of a newer format is a Fault store.newer and stays.
 */
import { utf8, utf8Text } from "../base/bytes.ts";
import { Fault } from "../fault.ts";
import type { Half, Store } from "../port.ts";

export interface AppRecord {
	readonly version: 1;
	/** The copy that was confirmed; absent: none yet. */
	readonly good?: Half | undefined;
	/** The copy that was armed. `started`: it has been run. */
	readonly candidate?: { readonly half: Half; readonly started: boolean } | undefined;
	/** SHA-256 of each copy when it was armed, hex: flash may forget in ten years. */
	readonly digests?: readonly [string | null, string | null] | undefined;
	/** Power-ups in a row in which the application did not last. */
	readonly starts: number;
}

/** Throws Fault store.*. */
export function readAppRecord(store: Store): AppRecord {
	const bytes = store.get(NAME);
	const record = bytes === undefined ? undefined : parse(bytes);
	if (record === undefined) return { version: VERSION, starts: 0 };
	if (record.version > VERSION) throw new Fault("store.newer", `application record of version ${record.version}`);
	return record;
}

/** Throws Fault store.*. */
export function writeAppRecord(store: Store, record: AppRecord): void {
	store.put(NAME, utf8(JSON.stringify(record)));
}

const NAME = "app";
const VERSION = 1;

/** Undefined for what is not a record; unknown fields stay. */
function parse(bytes: Uint8Array): AppRecord | undefined {
	let value: AppRecord | null;
	try {
		value = JSON.parse(utf8Text(bytes));
	} catch {
		return undefined;
	}
	if (value === null || typeof value !== "object" || !Number.isSafeInteger(value.version)) return undefined;
	if (value.version > VERSION) return value;
	const { good, candidate, digests, starts } = value;
	if (!Number.isSafeInteger(starts) || (good !== undefined && !isHalf(good))) return undefined;
	if (digests !== undefined && !(Array.isArray(digests) && digests.length === 2 && digests.every(isDigest)))
		return undefined;
	if (candidate !== undefined && (!isHalf(candidate?.half) || typeof candidate.started !== "boolean")) return undefined;
	return value;
}

function isDigest(value: unknown): boolean {
	return value === null || typeof value === "string";
}

function isHalf(value: unknown): value is Half {
	return value === 0 || value === 1;
}
