/**
 * The journal: two generations of the credential, and the key whose certificate is still on its way.
 *
 *   cred.a, cred.b   a credential record each (record.ts)
 *   cred.current     the sequence number of the proven one: promotion is this one small atomic write
 *   cred.pending     a key whose CSR is in flight, with its request id
 *
 * A cut between any two writes is safe: a record with a higher number than `cred.current` is a candidate that still
 * has to prove itself, one with a lower number is a leftover, which has worked once. Where the record that the pointer
 * names is lost, the leftover stands in for it. Where the pointer is lost, the older of two records counts as proven; one
 * alone is on trial, and neither overwritten nor deleted before another has worked. Per renewal: five writes (pending,
 * candidate, pointer, two deletions), six over the hub (pending once more, with its request id).
 */
import { equal } from "../base/bytes.ts";
import { Fault } from "../fault.ts";
import { curveOf } from "../key/pair.ts";
import type { CurveName, Keystore, Store } from "../port.ts";
import { expectRoom } from "../store/entries.ts";
import { LEAST_CREDENTIAL_BYTES } from "../store/reserve.ts";
import { decodePending, encodePending, isRefusedOnBoth, PENDING_BYTES, type Pending, requestIdOf } from "./pending.ts";
import {
	ASSIGNED,
	type Credential,
	curveOfKey,
	decodeCredential,
	decodeRecord,
	encodeCredential,
	encodeRecord,
	type Field,
	isAboutHardware,
	otherCurve,
	refusedCurve,
} from "./record.ts";

export interface Journaled {
	/** Has worked in a hub connection. */
	readonly current: Credential | undefined;
	/** Written, not yet proven. */
	readonly candidate: Credential | undefined;
	readonly pending: Pending | undefined;
	/** What could not be read; the rest stands. */
	readonly damages: readonly Fault[];
}

/** Where a new record goes, and what it has to know of those that are there. */
export interface Place {
	readonly slot: (typeof SLOTS)[number];
	readonly sequence: number;
	/** The service has refused a curve before the pending key's. */
	readonly hasRefused: boolean;
	/** The curve that it has refused on the way to the newest credential. */
	readonly refused: CurveName | undefined;
}

const SLOTS = ["cred.a", "cred.b"] as const;
const CURRENT = "cred.current";
const PENDING = "cred.pending";

export class Journal {
	readonly #store: Store;
	readonly #keystore: Keystore | undefined;

	/** `keystore`: where the keys are that are not in the store. */
	constructor(store: Store, keystore?: Keystore) {
		this.#store = store;
		this.#keystore = keystore;
	}

	/**
	 * Throws Fault store.newer when any blob is of a newer format: then nothing may be touched. Throws key.lost or
	 * key.replaced when the hardware has not the key of the credential in use: another enrolment would not bring it back.
	 */
	load(): Journaled {
		const damages: Fault[] = [];
		const proven = this.#provenSequence(damages);
		const records = SLOTS.map((name) => this.#read(name, (blob) => decodeCredential(blob, this.#keystore), damages))
			.filter((record) => record !== undefined)
			.sort((a, b) => a.sequence - b.sequence);
		this.#checkHardware(records, proven, damages);
		const current = standing(records, proven);
		// With the proven one lost, whatever is left deserves a trial, the newest first.
		const newest = records[records.length - 1];
		const candidate = newest !== undefined && newest.sequence > (current?.sequence ?? 0) ? newest : undefined;
		return { current, candidate, pending: this.#readPending(damages), damages };
	}

	/** Of `load` only this: each credential's key takes a multiplication on the curve. */
	get pending(): Pending | undefined {
		return this.#readPending([]);
	}

	/** Of `pending` only this: no key is made. */
	get requestId(): string | undefined {
		return this.#read(PENDING, requestIdOf, []);
	}

	/** Of the newest credential's key. */
	get curve(): CurveName | undefined {
		return curveOfKey(this.#newest());
	}

	/** The curve that the service has refused on the way to the newest credential. */
	get refused(): CurveName | undefined {
		return refusedCurve(this.#newest());
	}

	/** Of that credential what only DPS says. Copies: a part of the record would hold all of it. */
	assigned(sequence: number): Field[] {
		const slot = this.#slotOf(sequence);
		const fields = slot ? (this.#read(slot, decodeRecord, [])?.fields ?? []) : [];
		return fields.flatMap(({ tag, bytes }) => (ASSIGNED.includes(tag) ? [{ tag, bytes: bytes.slice() }] : []));
	}

	/** The hub has refused both curves, the pending key last: DPS is to be asked with it. Makes no key, as `pending` does. */
	get isForDps(): boolean {
		return this.#read(PENDING, isRefusedOnBoth, []) ?? false;
	}

	/** Of the keys in hardware that must stay. */
	get references(): string[] {
		const { current, candidate } = this.load();
		const keys = [current, candidate].flatMap((one) => (one && "signer" in one.key ? [one.key.signer] : []));
		return keys.flatMap(({ reference }) => reference ?? []);
	}

	/** Before a CSR leaves, which may cost a certificate. Throws Fault store.full where flash could refuse what comes of it. */
	expectRoom(): void {
		const sizes = SLOTS.map((name) => this.#read(name, ({ length }) => length, []) ?? 0);
		expectRoom(this.#store, PENDING_BYTES, Math.max(LEAST_CREDENTIAL_BYTES, ...sizes));
	}

	/** Of a new record. To be asked for before its certificates come: they have some KB, as has each record that is read for this. */
	place(): Place {
		const { kept, ...place } = this.#others();
		return { ...place, slot: this.#slotBeside(kept) };
	}

	/** Writes a candidate beside the current credential and gives it its sequence number. */
	propose(credential: Omit<Credential, "sequence">, place: Place = this.place()): Credential {
		const { slot, sequence, hasRefused, refused } = place;
		const other = "signer" in credential.key ? otherCurve(curveOf(credential.key.signer.publicKey)) : undefined;
		const before = hasRefused || refused === other ? other : undefined;
		const proposed: Credential = { ...credential, ...(before && { refused: before }), sequence };
		this.#store.put(slot, encodeCredential(proposed));
		return proposed;
	}

	/** The candidate has worked. One atomic write makes it current; only then its predecessor goes. */
	promote(candidate: Credential): void {
		// First: the candidate holds the key, and a key that stayed behind would be renewed with once more.
		this.#dropPendingOf(candidate);
		this.#store.put(CURRENT, encodeRecord(candidate.sequence, []));
		this.#store.delete(this.#slotBeside(candidate.sequence));
	}

	/**
	 * The candidate has failed for good, and its key with it; the current credential and another key go on. Without a
	 * current one and a pointer it stays: it may be that one, and have lost its pointer.
	 */
	reject(candidate: Credential): void {
		const { current } = this.load();
		const slot = this.#slotOf(candidate.sequence);
		this.#dropPendingOf(candidate);
		const proven = this.#provenSequence() ?? 0;
		const neverWorked = proven > 0 && candidate.sequence > proven;
		if (slot && (current || neverWorked)) this.#store.delete(slot);
	}

	/** To be said before each CSR leaves: writes only where flash does not hold just that (any more). */
	keepPending(pending: Pending): void {
		const blob = encodePending(pending);
		const held = this.#read(PENDING, (bytes) => bytes, []);
		if (!held || !equal(held, blob)) this.#store.put(PENDING, blob);
	}

	dropPending(): void {
		this.#store.delete(PENDING);
	}

	/** In a function of its own: what is read for it is not held while its slot is looked for. */
	#others(): Omit<Place, "slot"> & { readonly kept: number | undefined } {
		const { current, candidate, pending } = this.load();
		const newest = candidate ?? current;
		return {
			// A candidate without a current one may have lost its pointer: it stays, too.
			kept: (current ?? candidate)?.sequence,
			sequence: Math.max(this.#provenSequence() ?? 0, newest?.sequence ?? 0) + 1,
			hasRefused: pending?.refused !== undefined,
			refused: newest?.refused,
		};
	}

	/** A leftover's or a candidate's place in hardware may have another key by now; the credential in use may not. */
	#checkHardware(records: readonly Credential[], proven: number | undefined, damages: readonly Fault[]): void {
		const gone = damages.find(isAboutHardware);
		if (gone && !records.some(({ sequence }) => sequence === proven)) throw gone;
	}

	#readPending(damages: Fault[]): Pending | undefined {
		return this.#read(PENDING, (blob) => decodePending(blob, this.#keystore), damages);
	}

	#newest(): readonly Field[] {
		const records = SLOTS.map((name) => this.#read(name, decodeRecord, [])).filter((record) => record !== undefined);
		return records.sort((a, b) => b.sequence - a.sequence)[0]?.fields ?? [];
	}

	/** Undefined where there is nothing or nothing readable. */
	#read<T>(name: string, decode: (blob: Uint8Array) => T, damages: Fault[]): T | undefined {
		try {
			const blob = this.#store.get(name);
			return blob && decode(blob);
		} catch (thrown) {
			const fault = Fault.of(thrown, "store.damaged");
			if (fault.code === "store.newer") throw fault;
			damages.push(fault);
			return undefined;
		}
	}

	/** Another key may be on its way: a proven credential, too, is on trial again when its pointer was lost. */
	#dropPendingOf({ key }: Credential): void {
		const { pending } = this;
		if (pending && "signer" in key && equal(pending.key.publicKey, key.signer.publicKey)) this.#store.delete(PENDING);
	}

	#provenSequence(damages: Fault[] = []): number | undefined {
		return this.#read(CURRENT, (blob) => decodeRecord(blob).sequence, damages);
	}

	#slotOf(sequence: number): (typeof SLOTS)[number] | undefined {
		return SLOTS.find((name) => this.#read(name, (blob) => decodeRecord(blob).sequence, []) === sequence);
	}

	/** The slot that does not hold `sequence`. */
	#slotBeside(sequence: number | undefined): (typeof SLOTS)[number] {
		return sequence !== undefined && this.#slotOf(sequence) === SLOTS[0] ? SLOTS[1] : SLOTS[0];
	}
}

/** The one that the pointer names; where that is lost, an older one, which has worked before it; without a pointer the older of two. */
function standing(sorted: readonly Credential[], proven = 0): Credential | undefined {
	const [first, second] = sorted;
	const older = first !== undefined && (proven > 0 ? first.sequence < proven : second !== undefined);
	return sorted.find(({ sequence }) => sequence === proven) ?? (older ? first : undefined);
}
