/**
 * The one record of a component from which, with the state of its slots, every decision after a reset is made. JSON in one
 * blob of the store, rewritten whole at each transition.
 *
 * A record of a newer format is a Fault store.newer and stays as it is; fields that this version does not know survive
 * a rewrite; a record that cannot be read is one that was never written (the flash was damaged), but for its floor (floor.ts).
 */
import { utf8, utf8Text } from "../base/bytes.ts";
import { Fault } from "../fault.ts";
import type { Store } from "../port.ts";
import { readUndamaged } from "../store/undamaged.ts";

/** What failed, and why: a Fault's code, maybe one that only a newer version knows. */
export interface Failure {
	readonly sequence: number;
	readonly code: string;
}

/** An update under way. `armed` and later: an image is about to boot or has booted on trial. */
export interface Work {
	/**
	 * fetching: `offset` bytes are in flash. staged: all of them, and their digest is right. armed: the order to boot the
	 * new image may have been given. trial: it has run. rejected: it found itself unfit.
	 */
	readonly state: "fetching" | "staged" | "armed" | "trial" | "rejected";
	readonly sequence: number;
	readonly size: number;
	/** SHA-256 of the image, hex: what a resumed download is recognised by. */
	readonly digest: string;
	/** The SUIT envelope, base64. */
	readonly envelope: string;
	/** Bytes known to be in flash; a multiple of 64 KiB, or `size`. */
	readonly offset: number;
	/** The highest `offset` there was: a server that ignores Range brings the same again. */
	readonly furthest?: number;
	/** The slot that ran when the update began. */
	readonly from: string;
	/** Trials that ended in a reset. */
	readonly trials: number;
	/** Downloads in a row that ended without a new offset. */
	readonly stalls: number;
	/** Complete downloads whose digest was wrong. */
	readonly mismatches: number;
	/** Why the new image is unfit. */
	readonly code?: string;
}

export interface UpdateRecord {
	readonly version: 1;
	/** Sequence number of the last confirmed update: the floor. */
	readonly installed: number;
	/** Sequence numbers that will not be tried again, oldest first. */
	readonly failed: readonly Failure[];
	readonly work?: Work;
	/** How the last update ended, for the report. */
	readonly last?: { readonly sequence: number; readonly code?: string };
}

/** `name`: of the blob. Throws Fault store.newer. */
export function readRecord(store: Store, name: string): UpdateRecord {
	const bytes = readUndamaged(store, name);
	const record = bytes === undefined ? undefined : parse(bytes);
	if (record === undefined) return { version: VERSION, installed: 0, failed: [] };
	if (record.version > VERSION) throw new Fault("store.newer", `update record of version ${record.version}`);
	return record;
}

export function encodeRecord(record: UpdateRecord): Uint8Array {
	return utf8(JSON.stringify(record));
}

const VERSION = 1;
const STATES: readonly string[] = ["fetching", "staged", "armed", "trial", "rejected"];

/** Undefined for what is not a record; unknown fields stay. */
function parse(bytes: Uint8Array): UpdateRecord | undefined {
	let value: UpdateRecord;
	try {
		value = JSON.parse(utf8Text(bytes));
	} catch {
		return undefined;
	}
	if (value === null || typeof value !== "object" || !isCount(value.version)) return undefined;
	if (value.version > VERSION) return value;
	if (!isCount(value.installed) || !Array.isArray(value.failed) || !value.failed.every(isFailure)) return undefined;
	if (value.work !== undefined && !isWork(value.work)) return undefined;
	if (value.last !== undefined && !isCount(value.last?.sequence)) return undefined;
	return value;
}

function isWork(work: Work | null): boolean {
	if (work === null || typeof work !== "object" || !STATES.includes(work.state)) return false;
	const { digest, envelope, from, code } = work;
	if (![digest, envelope, from].every((text) => typeof text === "string")) return false;
	if (![work.sequence, work.size, work.offset, work.trials, work.stalls, work.mismatches].every(isCount)) return false;
	return work.offset <= work.size && (code === undefined || typeof code === "string");
}

function isFailure(failure: Failure | null): boolean {
	return isCount(failure?.sequence) && typeof failure?.code === "string";
}

function isCount(value: unknown): value is number {
	return Number.isSafeInteger(value) && (value as number) >= 0;
}
