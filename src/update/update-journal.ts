/**
 * Holds the update record (update-record.ts) and makes its transitions; every change is in flash before it is believed.
 * A record that cannot be read stops updates, never the device; one that is lost lowers no floor (floor.ts).
 */
import { Fault } from "../fault.ts";
import type { Slot, Store } from "../port.ts";
import { expectRoom } from "../store/entries.ts";
import { CREDENTIAL_BYTES } from "../store/reserve.ts";
import { readFloor, writeFloor } from "./floor.ts";
import { encodeRecord, readRecord, type UpdateRecord, type Work } from "./update-record.ts";

/** Older failures are forgotten beyond this many; each took a new release. */
const MAX_FAILED = 16;
/** What a record grows by until its update ends: offsets, counters, a code, and what lies around it in flash. */
const GROWTH_BYTES = 256;

export class Journal {
	readonly #store: Store;
	readonly #name: string;
	readonly #slot: Pick<Slot, "sequence" | "state">;
	/** The second copy, as it stands in flash. */
	#copy = 0;
	#record: UpdateRecord = { version: 1, installed: 0, failed: [] };
	/** Why there can be no updates. */
	unusable: Fault | undefined;

	/** `name`: of the record's blob; its floor's is one suffix longer. */
	constructor(store: Store, name: string, slot: Pick<Slot, "sequence" | "state">) {
		this.#store = store;
		this.#name = name;
		this.#slot = slot;
		try {
			this.#copy = readFloor(store, this.#floorName);
			this.#record = readRecord(store, name);
		} catch (thrown) {
			this.unusable = Fault.of(thrown, "store.failed");
		}
	}

	get record(): UpdateRecord {
		return this.#record;
	}

	/** No bundle at or below this sequence number comes in: what the record, its copy or the running image says. */
	get floor(): number {
		const { state, sequence } = this.#slot;
		const { installed, work } = this.#record;
		// What is on trial has yet to be confirmed; where the bootloader keeps no trials only the record says so.
		const isOnTrial = state === "trial" || work?.state === "trial" || work?.state === "rejected";
		return Math.max(installed, this.#copy, isOnTrial ? 0 : sequence);
	}

	/** Writes the floor again wherever flash does not say it (any more). Throws Fault store.*. */
	settle(): void {
		const { floor } = this;
		if (this.unusable !== undefined) return;
		if (this.#copy < floor) this.#raise(floor);
		if (this.#record.installed < floor) this.#save({ ...this.#record, installed: floor });
	}

	/** The update under way; none while the record is unusable. */
	get work(): Work | undefined {
		return this.unusable === undefined ? this.#record.work : undefined;
	}

	/** Throws Fault ota.busy. */
	expect(...states: readonly Work["state"][]): Work {
		const { work } = this;
		if (work === undefined || !states.includes(work.state))
			throw new Fault("ota.busy", `expected ${states.join(" or ")}, is ${work?.state ?? "idle"}`);
		return work;
	}

	/**
	 * An update that may take the place of another. Each write of its record is beside the one before, and leaves a credential its
	 * room: what could be refused midway is refused here. Throws Fault store.full, with nothing changed.
	 */
	begin(work: Work): void {
		const held = this.#record.work === undefined ? 0 : encodeRecord(this.#record).length;
		const bytes = encodeRecord({ ...this.#record, work }).length + GROWTH_BYTES;
		// The first write is beside what is held, each other one beside the one before.
		expectRoom(this.#store, bytes, Math.max(0, Math.max(bytes, CREDENTIAL_BYTES) - held));
		this.proceed(work);
	}

	proceed(work: Work): void {
		this.#save({ ...this.#record, work });
	}

	/** Confirmed: only here the floor rises. */
	install(work: Work): void {
		const { sequence } = work;
		const failed = this.#record.failed.filter((entry) => entry.sequence > sequence);
		this.#raise(sequence);
		this.#end({ installed: sequence, failed, last: { sequence } });
	}

	/** Failed for good: this sequence number is not tried again. */
	fail(work: Work, code: string): void {
		const { sequence } = work;
		this.#end({ failed: [...this.#record.failed, { sequence, code }].slice(-MAX_FAILED), last: { sequence, code } });
	}

	/** Given up although nothing is wrong with the bundle itself: it may be offered again. */
	abandon(work: Work, code: string): void {
		this.#end({ last: { sequence: work.sequence, code } });
	}

	get #floorName(): string {
		return `${this.#name}.floor`;
	}

	#raise(floor: number): void {
		writeFloor(this.#store, this.#floorName, floor);
		this.#copy = floor;
	}

	#end(change: Partial<UpdateRecord>): void {
		const { work: _, ...rest } = this.#record;
		this.#save({ ...rest, ...change });
	}

	#save(record: UpdateRecord): void {
		this.#store.put(this.#name, encodeRecord(record));
		this.#record = record;
	}
}
