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
import { equal, utf8, utf8Text } from "../base/bytes.ts";
import { Fault } from "../fault.ts";
import { KeyPair } from "../key/pair.ts";
import type { Store } from "../port.ts";
import { type Credential, decodeCredential, decodeRecord, encodeCredential, encodeRecord } from "./record.ts";

export interface Journaled {
	/** Has worked in a hub connection. */
	readonly current: Credential | undefined;
	/** Written, not yet proven. */
	readonly candidate: Credential | undefined;
	readonly pending: Pending | undefined;
	/** What could not be read; the rest stands. */
	readonly damages: readonly Fault[];
}

export interface Pending {
	readonly key: KeyPair;
	/** The request id at the hub (dialect C); absent for a CSR that goes through DPS. */
	readonly requestId?: string;
}

const SLOTS = ["cred.a", "cred.b"] as const;
const CURRENT = "cred.current";
const PENDING = "cred.pending";
const Tag = { scalar: 1, requestId: 20 } as const;

export class Journal {
	readonly #store: Store;

	constructor(store: Store) {
		this.#store = store;
	}

	/** Throws Fault store.newer when any blob is of a newer format: then nothing may be touched. */
	load(): Journaled {
		const damages: Fault[] = [];
		const proven = this.#read(CURRENT, (blob) => decodeRecord(blob).sequence, damages);
		const records = SLOTS.map((name) => this.#read(name, decodeCredential, damages))
			.filter((record) => record !== undefined)
			.sort((a, b) => a.sequence - b.sequence);
		const current = standing(records, proven);
		// With the proven one lost, whatever is left deserves a trial, the newest first.
		const newest = records[records.length - 1];
		const candidate = newest !== undefined && newest.sequence > (current?.sequence ?? 0) ? newest : undefined;
		return { current, candidate, pending: this.#read(PENDING, decodePending, damages), damages };
	}

	/** Of `load` only this: each credential's key takes a multiplication on the curve. */
	get pending(): Pending | undefined {
		return this.#read(PENDING, decodePending, []);
	}

	/** Writes a candidate beside the current credential and gives it its sequence number. */
	propose(credential: Omit<Credential, "sequence">): Credential {
		const { current, candidate } = this.load();
		const proven = this.#provenSequence();
		const sequence = 1 + Math.max(proven, current?.sequence ?? 0, candidate?.sequence ?? 0);
		const proposed: Credential = { ...credential, sequence };
		// A candidate without a current one may have lost its pointer: it stays, too.
		this.#store.put(this.#slotBeside(current ?? candidate), encodeCredential(proposed));
		return proposed;
	}

	/** The candidate has worked. One atomic write makes it current; only then its predecessor goes. */
	promote(candidate: Credential): void {
		// First: the candidate holds the key, and a key that stayed behind would be renewed with once more.
		this.#dropPendingOf(candidate);
		this.#store.put(CURRENT, encodeRecord(candidate.sequence, []));
		this.#store.delete(this.#slotBeside(candidate));
	}

	/**
	 * The candidate has failed for good, and its key with it; the current credential and another key go on. Without a
	 * current one and a pointer it stays: it may be that one, and have lost its pointer.
	 */
	reject(candidate: Credential): void {
		const { current } = this.load();
		const slot = this.#slotOf(candidate);
		this.#dropPendingOf(candidate);
		const proven = this.#provenSequence();
		const neverWorked = proven > 0 && candidate.sequence > proven;
		if (slot && (current || neverWorked)) this.#store.delete(slot);
	}

	/** To be said before each CSR leaves: writes only where flash does not hold just that (any more). */
	keepPending(pending: Pending): void {
		const fields = [{ tag: Tag.scalar as number, bytes: pending.key.scalar() }];
		if (pending.requestId !== undefined) fields.push({ tag: Tag.requestId, bytes: utf8(pending.requestId) });
		const blob = encodeRecord(0, fields);
		const held = this.#read(PENDING, (bytes) => bytes, []);
		if (!held || !equal(held, blob)) this.#store.put(PENDING, blob);
	}

	dropPending(): void {
		this.#store.delete(PENDING);
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
		if (pending && "signer" in key && equal(pending.key.scalar(), key.signer.scalar())) this.#store.delete(PENDING);
	}

	#provenSequence(): number {
		try {
			const blob = this.#store.get(CURRENT);
			return blob ? decodeRecord(blob).sequence : 0;
		} catch {
			// Already reported by load().
			return 0;
		}
	}

	#slotOf(credential: Credential): (typeof SLOTS)[number] | undefined {
		return SLOTS.find((name) => {
			try {
				const blob = this.#store.get(name);
				return blob !== undefined && decodeRecord(blob).sequence === credential.sequence;
			} catch {
				return false;
			}
		});
	}

	/** The slot that does not hold `credential`. */
	#slotBeside(credential: Credential | undefined): (typeof SLOTS)[number] {
		return credential && this.#slotOf(credential) === SLOTS[0] ? SLOTS[1] : SLOTS[0];
	}
}

/**
 * The one that the pointer names; where that is lost, an older one, which has worked before it. Where the pointer is lost, the
 * older of two.
 */
function standing(sorted: readonly Credential[], proven = 0): Credential | undefined {
	const [first, second] = sorted;
	const older = first !== undefined && (proven > 0 ? first.sequence < proven : second !== undefined);
	return sorted.find(({ sequence }) => sequence === proven) ?? (older ? first : undefined);
}

function decodePending(blob: Uint8Array): Pending {
	const { fields } = decodeRecord(blob);
	const scalar = fields.find((field) => field.tag === Tag.scalar);
	const requestId = fields.find((field) => field.tag === Tag.requestId);
	if (!scalar) throw new Fault("store.damaged", "pending: no key");
	return {
		key: new KeyPair(scalar.bytes),
		...(requestId ? { requestId: utf8Text(requestId.bytes) } : {}),
	};
}
