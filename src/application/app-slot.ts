/**
 * The Slot of the application: two staged copies of mod archives, A/B, and the area from which the engine runs one.
 *
 * At power-up the engine maps the archive in that area to its own symbols, sector by sector in flash and before any of our
 * code. A power cut in between leaves an archive that the engine takes for mapped and that is not. So nothing of it is run
 * until `isMapped` has compared the area with what mapping the staged copy gives; anything else is placed again from the
 * copy, its first bytes last, and the device restarts.
 *
 * Like a bootloader, an armed application is run once, on trial; what ends before `confirm` gives way to the one before.
 */
import { Fault } from "../fault.ts";
import type { AppEngine, AppFlash, Half, Inspection, Slot, Store } from "../port.ts";
import { type AppRecord, keepConfirmed, readAppRecord, writeAppRecord } from "./app-record.ts";
import { ArchiveReader } from "./archive.ts";
import { digestOfCopy, isPlaced, place, remove } from "./placement.ts";

export interface AppSlotOptions {
	readonly flash: AppFlash;
	readonly engine: AppEngine;
	readonly store: Store;
}

/**
 * run: what the engine has is the application. none: there is none, or it rests. restarting: it was placed; on a device
 * the restart has happened.
 */
export type AppBoot = "run" | "none" | "restarting";

/** Starts in a row that did not last: power is bad, or flash, or it is the application that takes the device down. */
const MOST_STARTS = 4;

export class AppSlot implements Slot {
	readonly component = "xs";
	readonly #options: AppSlotOptions;
	#record: AppRecord;
	#runs: Half | undefined;
	/** Why there is no application although one is installed. */
	#resting: Fault | undefined;

	/** Throws Fault store.newer. */
	constructor(options: AppSlotOptions) {
		this.#options = options;
		this.#record = readAppRecord(options.store);
	}

	/**
	 * Once after power-up, before anything of the application is imported. `hold`: the firmware is on trial, and goes back
	 * more safely alone. Throws Fault ota.flash, ota.image, store.failed, store.damaged: then there is no application.
	 *
	 * Where flash is too full for a record, what is confirmed runs all the same, its start uncounted: it may be what fills the
	 * flash, and then nobody else can make room. What is armed gives way.
	 */
	boot(hold: boolean): AppBoot {
		whereRoom(() => keepConfirmed(this.#options.store, this.#record));
		if (hold) return this.#rest(new Fault("app.held", "the firmware is on trial"));
		const { candidate } = this.#record;
		// A trial that ended without a word, or never began: power, or it took the device down.
		if (candidate && (candidate.started || this.#record.starts >= MOST_STARTS)) this.#drop();
		const half = this.#record.candidate?.half ?? this.#record.good;
		if (half !== undefined) return this.#start(half);
		remove(this.#options.flash);
		return "none";
	}

	/** Why the application is not run although one is installed. */
	get resting(): Fault | undefined {
		return this.#resting;
	}

	/** The application has run for a while: it does not take the device down. */
	settled(): void {
		if (this.#runs !== undefined && this.#record.starts > 0) this.#note({ starts: 0 });
	}

	/** Before another firmware runs, which would map it anew. Throws Fault ota.flash, ota.busy: a trial is not interrupted. */
	uninstall(): void {
		this.#checkNoTrial();
		remove(this.#options.flash);
	}

	/** Of XS: which archives the engine takes. */
	get version(): string {
		return this.#options.engine.version;
	}

	get running(): string {
		return nameOf(this.#onTrial ? this.#runs : this.#record.good);
	}

	/** An archive does not say: the floor of applications stands in the store twice. */
	readonly sequence = 0;

	get state(): "trial" | "valid" | "unknown" {
		if (this.#onTrial) return "trial";
		return this.#record.good === undefined ? "unknown" : "valid";
	}

	get bytes(): number {
		return this.#options.flash.bytes;
	}

	inspect(size: number): Inspection {
		return new ArchiveReader(size, this.#options.engine);
	}

	prepare(): void {
		// Before the copy that it may name is erased.
		keepConfirmed(this.#options.store, this.#record);
		if (this.#record.candidate) this.#save({ candidate: undefined });
	}

	erase(offset: number, length: number): void {
		this.#options.flash.erase(this.#other, offset, length);
	}

	write(offset: number, bytes: Uint8Array): void {
		this.#options.flash.write(this.#other, offset, bytes);
	}

	read(offset: number, length: number): Uint8Array {
		return this.#options.flash.read(this.#other, offset, length);
	}

	arm(): void {
		this.#checkNoTrial();
		const half = this.#other;
		const digest = digestOfCopy(this.#options.flash, half);
		const [first = null, second = null] = this.#record.digests ?? [];
		const digests = half === 0 ? ([digest, second] as const) : ([first, digest] as const);
		this.#save({ candidate: { half, started: false }, digests, starts: 0 });
	}

	confirm(): void {
		if (this.#onTrial) this.#save({ good: this.#runs, candidate: undefined, starts: 0 });
		keepConfirmed(this.#options.store, this.#record);
		this.#options.engine.guard(0);
	}

	revert(): void {
		this.#drop();
		this.restart();
	}

	guard(seconds: number): void {
		this.#options.engine.guard(seconds);
	}

	restart(): void {
		this.#options.engine.restart();
	}

	#checkNoTrial(): void {
		if (this.#onTrial) throw new Fault("ota.busy", "the running application is on trial");
	}

	get #onTrial(): boolean {
		return this.#runs !== undefined && this.#record.candidate?.half === this.#runs;
	}

	/** The copy that can be written: never the one that a rollback needs. */
	get #other(): Half {
		return this.#record.good === 0 ? 1 : 0;
	}

	#start(half: Half): AppBoot {
		const { flash, engine } = this.#options;
		const { starts, candidate } = this.#record;
		if (starts >= MOST_STARTS) {
			// The next power-up tries it again.
			this.#note({ starts: starts - 1 });
			return this.#rest(new Fault("app.unstable", `${starts} starts in a row that did not last`));
		}
		// Before the engine sees it, which may have too little memory for it and abort.
		const isCounted = this.#note({ starts: starts + 1 });
		if (candidate && !isCounted) return this.#giveWay();
		// The engine may not survive what flash has damaged, nor what it has too little memory for: counted, or mapped before.
		if (this.#isAsArmed(half) && (isCounted || isPlaced(flash, half)) && engine.isMapped(half)) {
			if (candidate && !this.#note({ candidate: { half, started: true } })) return this.#giveWay();
			this.#runs = half;
			return "run";
		}
		// Placing it ends in a restart, of which there may be no end where none is counted.
		if (!isCounted) return this.#rest(new Fault("store.full", "no room to count the restarts of placing it"));
		try {
			place(flash, half, (size) => this.inspect(size), this.#record.digests?.[half]);
		} catch (thrown) {
			// Nothing of it has run: that is no start that did not last. What was armed gives way to the one before.
			if (candidate) return this.#giveWay();
			this.#drop();
			throw thrown;
		}
		engine.restart();
		return "restarting";
	}

	/** What is not has to be placed, which says what is wrong. */
	#isAsArmed(half: Half): boolean {
		const digest = this.#record.digests?.[half] ?? null;
		return digest === null || digestOfCopy(this.#options.flash, half) === digest;
	}

	#giveWay(): AppBoot {
		this.#drop();
		return this.boot(false);
	}

	#drop(): void {
		this.#note({ candidate: undefined, starts: 0 });
	}

	#rest(reason: Fault): AppBoot {
		this.#resting = reason;
		return "none";
	}

	/** False where flash has no room for it: then it is so until the next start. */
	#note(change: Partial<AppRecord>): boolean {
		const isKept = whereRoom(() => this.#save(change));
		this.#record = { ...this.#record, ...change };
		return isKept;
	}

	#save(change: Partial<AppRecord>): void {
		const record = { ...this.#record, ...change };
		writeAppRecord(this.#options.store, record);
		this.#record = record;
	}
}

/** False where there was none. */
function whereRoom(write: () => void): boolean {
	try {
		write();
		return true;
	} catch (thrown) {
		if (thrown instanceof Fault && thrown.code === "store.full") return false;
		throw thrown;
	}
}

function nameOf(half: Half | undefined): string {
	return half === undefined ? "none" : `app_${half}`;
}
