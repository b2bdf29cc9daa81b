/**
 * Updates over the air: idle -> fetching -> staged -> armed -> (reset) -> trial -> installed, a state machine on the
 * ports Slot, Store and Clock. Power may fail at any write: trial.ts decides after each reset what goes on.
 *
 * Refused before flash is touched: what no release key signed, what is not above the installed sequence number or
 * failed before, what is for another vendor, class or component, what does not fit. What counts in the end is what is
 * read back from flash, not what came over the wire.
 */
import { base64, equal, fromBase64, fromHex, hex, utf8 } from "../base/bytes.ts";
import { Fault } from "../fault.ts";
import type { Clock, Inspection, Slot, Store } from "../port.ts";
import { type Manifest, openEnvelope } from "../suit/manifest.ts";
import { type BootDecision, Trial } from "./image-trial.ts";
import { readBack } from "./readback.ts";
import { Journal } from "./update-journal.ts";
import type { Work } from "./update-record.ts";
import { MAX_IMAGE_URI, parseHttpsUri } from "./uri.ts";
import { SlotWriter } from "./writer.ts";

export interface UpdaterOptions {
	readonly slot: Slot;
	readonly store: Store;
	readonly clock: Clock;
	/** Release keys, SEC1 uncompressed P-256 points: the current one and the next. None: updates are off. */
	readonly keys: readonly Uint8Array[];
	/** UUIDs of this device, 16 bytes (uuid.ts). */
	readonly vendor: Uint8Array;
	readonly class: Uint8Array;
	/** For a new image to prove itself. Default 600. */
	readonly trialSeconds?: number;
	/** A staged image is about to be armed. Throws Fault ota.flash: it is tried again. */
	readonly beforeArming?: (() => void) | undefined;
	/** The restart into a new image is next. */
	readonly onRestart?: (() => void) | undefined;
}

/** For the reported properties. */
export interface UpdateStatus {
	readonly state: "idle" | Work["state"];
	/** Sequence number of the last confirmed update; 0 for an image flashed by cable. */
	readonly installed: number;
	/** Of the update under way, or of the last one. */
	readonly sequence?: number;
	/** Percent of the image in flash. */
	readonly progress?: number;
	/** Why the last update, or the last attempt at this one, failed. */
	readonly code?: string;
}

/** What is to be downloaded, and where it goes. */
export interface Download {
	readonly uri: string;
	readonly size: number;
	readonly writer: SlotWriter;
	/** To be shown the whole image before the writer gets it. */
	readonly preview?: Inspection | undefined;
}

/** Where each component's record is. */
const RECORDS = /* @__PURE__ */ Object.freeze({ fw: "ota", xs: "ota.app" });

/** The image will not do, or the slot does not take it: the number is not tried again. */
const UNFIT: readonly string[] = /* @__PURE__ */ Object.freeze(["ota.image", "ota.secure-version", "ota.flash"]);

/** Downloads in a row that bring nothing new. */
const MAX_STALLS = 8;
const MAX_MISMATCHES = 3;
const TRIAL_SECONDS = 600;

export class Updater {
	readonly #options: UpdaterOptions;
	readonly #journal: Journal;
	readonly #trial: Trial;

	constructor(options: UpdaterOptions) {
		const { slot, store, clock, trialSeconds = TRIAL_SECONDS } = options;
		this.#options = options;
		this.#journal = new Journal(store, RECORDS[slot.component], slot);
		this.#trial = new Trial(slot, clock, this.#journal, trialSeconds);
	}

	/** Once, as early as possible after a reset; on trial, sets the deadline. Never throws. */
	boot(): BootDecision {
		return this.#trial.boot();
	}

	/**
	 * The hub is reached with the device's credential: the new image stays. Does nothing unless on trial. Throws Fault
	 * ota.flash, store.*: the deadline stands, and the next boot decides.
	 */
	confirm(): void {
		this.#trial.confirm();
	}

	/** The new image is unfit: back to the old one, at once and for good. Does nothing unless on trial. */
	reject(fault: Fault): void {
		this.#trial.reject(fault);
	}

	/** The program ends: no deadline of its own any more; the platform's guard stands. */
	close(): void {
		this.#trial.close();
	}

	get status(): UpdateStatus {
		const { record, work, floor: installed } = this.#journal;
		const { last } = record;
		if (work === undefined) return { state: "idle", installed, ...last };
		const { state, sequence, code } = work;
		const progress = Math.floor((100 * work.offset) / work.size);
		return { state, installed, sequence, progress, ...(code === undefined ? {} : { code }) };
	}

	/** Throws the Fault with which a bundle of this number would be refused, so that it need not be downloaded. */
	admit(sequence: number): void {
		const { record, work, floor, unusable } = this.#journal;
		if (unusable !== undefined) throw unusable;
		if (this.#options.keys.length === 0) throw new Fault("ota.disabled", "no release key");
		if (this.#trial.running || (work !== undefined && !isDownload(work)))
			throw new Fault("ota.busy", "an image is on trial");
		const failure = record.failed.find((entry) => entry.sequence === sequence);
		if (failure !== undefined) throw new Fault("ota.failed-before", `${sequence} failed with ${failure.code}`);
		if (sequence <= floor) throw new Fault("ota.sequence", `${sequence}, installed is ${floor}`);
	}

	/**
	 * Takes a SUIT envelope: checks it and keeps it; flash is not touched. A download of the same image goes on where it
	 * was, whatever its URI. `sequence`: what the offer promised. Throws Fault ota.*; store.full where flash lacks the room for the
	 * update's record until its end.
	 */
	offer(envelope: Uint8Array, sequence?: number): void {
		this.admit(sequence ?? Number.MAX_SAFE_INTEGER);
		const { manifest } = openEnvelope(envelope, this.#options.keys);
		if (sequence !== undefined && manifest.sequence !== sequence)
			throw new Fault("ota.sequence", `the bundle is ${manifest.sequence}, offered was ${sequence}`);
		this.admit(manifest.sequence);
		this.#checkTarget(manifest);

		const fresh: Work = {
			state: "fetching",
			sequence: manifest.sequence,
			size: manifest.size,
			digest: hex(manifest.digest),
			envelope: base64(envelope),
			offset: 0,
			from: this.#options.slot.running,
			trials: 0,
			stalls: 0,
			mismatches: 0,
		};
		const { work } = this.#journal;
		const sameImage = work?.digest === fresh.digest && work.size === fresh.size;
		if (!sameImage) this.#journal.begin(fresh);
		else if (work.sequence !== fresh.sequence)
			this.#journal.proceed({ ...fresh, offset: work.offset, furthest: work.offset });
		else this.#journal.proceed({ ...work, envelope: fresh.envelope, stalls: 0 });
	}

	/** What is left to download, if an update is under way. A writer at `size` needs no more than `complete`. */
	download(): Download | undefined {
		const { work } = this.#journal;
		if (work === undefined || !isDownload(work)) return undefined;
		try {
			const { manifest } = openEnvelope(fromBase64(work.envelope), this.#options.keys);
			const { slot } = this.#options;
			const keep = (offset: number): void => this.#keep(offset);
			return {
				uri: manifest.uri,
				size: work.size,
				writer: new SlotWriter(slot, work.size, work.offset, keep),
				// An application is small enough to be looked at before flash is touched.
				preview: slot.component === "xs" && work.offset === 0 ? slot.inspect(work.size) : undefined,
			};
		} catch (thrown) {
			this.#journal.abandon(work, Fault.of(thrown, "ota.format").code);
			return undefined;
		}
	}

	/** All bytes are written: reads the flash back. After this, `apply`. Throws Fault ota.digest, ota.flash, ota.image, ota.secure-version. */
	complete(): void {
		const work = this.#journal.expect("fetching", "staged");
		const { digest, unfit } = readBack(this.#options.slot, work.size);
		if (equal(digest, fromHex(work.digest))) {
			if (unfit !== undefined) {
				this.#journal.fail(work, unfit.code);
				throw unfit;
			}
			this.#journal.proceed({ ...work, state: "staged", offset: work.size });
			return;
		}
		const fault = new Fault("ota.digest", `sequence ${work.sequence}: the flash holds another image`);
		const mismatches = work.mismatches + 1;
		if (mismatches >= MAX_MISMATCHES) this.#journal.fail(work, fault.code);
		else this.#journal.proceed({ ...work, state: "fetching", offset: 0, furthest: 0, mismatches, code: fault.code });
		throw fault;
	}

	/** A download ended early. The update stays open for another attempt, or is given up: then `download` is undefined. */
	interrupted(fault: Fault): void {
		const { work } = this.#journal;
		if (work === undefined || !isDownload(work)) return;
		if (UNFIT.includes(fault.code)) this.#journal.fail(work, fault.code);
		else if (work.stalls + 1 >= MAX_STALLS || !fault.retryable) this.#journal.abandon(work, fault.code);
		else this.#journal.proceed({ ...work, stalls: work.stalls + 1, code: fault.code });
	}

	/** Restarts into the new image. Throws Fault ota.image when the platform refuses it. */
	apply(): void {
		const work = this.#journal.expect("staged");
		this.#options.beforeArming?.();
		this.#journal.proceed({ ...work, state: "armed" });
		try {
			this.#options.slot.arm();
		} catch (thrown) {
			const fault = Fault.of(thrown, "ota.flash");
			this.#journal.fail(work, fault.code);
			throw fault;
		}
		this.#options.onRestart?.();
		this.#options.slot.restart();
	}

	#checkTarget(manifest: Manifest): void {
		const { slot, vendor } = this.#options;
		if (!equal(manifest.vendor, vendor)) throw new Fault("ota.class", `vendor ${hex(manifest.vendor)}`);
		if (!equal(manifest.class, this.#options.class)) throw new Fault("ota.class", `class ${hex(manifest.class)}`);
		const [name, ...more] = manifest.component;
		if (name === undefined || more.length > 0 || !equal(name, utf8(slot.component)))
			throw new Fault("ota.class", `component is not ["${slot.component}"]`);
		if (manifest.size > slot.bytes) throw new Fault("ota.too-large", `${manifest.size} bytes, room for ${slot.bytes}`);
		parseHttpsUri(manifest.uri, MAX_IMAGE_URI);
	}

	#keep(offset: number): void {
		const work = this.#journal.expect("fetching", "staged");
		const { furthest = 0 } = work;
		const progress = offset > furthest ? { furthest: offset, stalls: 0 } : {};
		this.#journal.proceed({ ...work, ...progress, state: "fetching", offset });
	}
}

function isDownload(work: Work): boolean {
	return work.state === "fetching" || work.state === "staged";
}
