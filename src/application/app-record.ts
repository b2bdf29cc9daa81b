/**
 * Which copy of the application is good and which is on trial: JSON in one blob of the store, rewritten whole. What was
 * confirmed stands in a second blob too, written only when that changes: flash may lose either, and the application stays.
 * A record that cannot be read is one that was never written; one of a newer format is a Fault store.newer and stays.
 */
import { utf8, utf8Text } from "../base/bytes.ts";
import { Fault } from "../fault.ts";
import type { Half, Store } from "../port.ts";
import { readUndamaged } from "../store/undamaged.ts";

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

/**
 * Of a lost record what was confirmed is left. Where flash has lost the newer copy of the record, the older one may still have on trial
 * what was confirmed: what is armed is never in the copy that is confirmed. Throws Fault store.newer, store.failed.
 */
export function readAppRecord(store: Store): AppRecord {
	const record = read(store, NAME);
	const confirmed = read(store, CONFIRMED);
	if (record?.candidate === undefined || record.candidate.half !== confirmed?.good)
		return record ?? confirmed ?? { version: VERSION, starts: 0 };
	return { ...record, good: confirmed.good, candidate: undefined };
}

/** Throws Fault store.*. */
export function writeAppRecord(store: Store, record: AppRecord): void {
	store.put(NAME, utf8(JSON.stringify(record)));
}

/** Keeps what is confirmed in its second place, where that says otherwise. Throws Fault store.*. */
export function keepConfirmed(store: Store, { version, good, digests }: AppRecord): void {
	const digest = good === undefined ? undefined : (digests?.[good] ?? null);
	const held = read(store, CONFIRMED);
	const heldDigest = held?.good === undefined ? undefined : (held.digests?.[held.good] ?? null);
	if (good === undefined || (held?.good === good && heldDigest === digest)) return;
	const confirmed: AppRecord = { version, good, digests: good === 0 ? [digest!, null] : [null, digest!], starts: 0 };
	store.put(CONFIRMED, utf8(JSON.stringify(confirmed)));
}

const NAME = "app";
const CONFIRMED = "app.good";
const VERSION = 1;

function read(store: Store, name: string): AppRecord | undefined {
	const bytes = readUndamaged(store, name);
	const record = bytes === undefined ? undefined : parse(bytes);
	if (record !== undefined && record.version > VERSION)
		throw new Fault("store.newer", `application record of version ${record.version}`);
	return record;
}

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
