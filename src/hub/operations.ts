/**
 * What an operator may do to the device and learn from it over the hub: direct methods `enrollee.status`, `enrollee.renew`,
 * `enrollee.reboot`, `enrollee.resume`, the sections `certificate` and `enrollee` of the reported properties, and (off by default) health as
 * telemetry.
 *
 * Each is switched by the configuration's `operations`. Nothing secret is said: states, dates, counts, codes and remedies, and what was too
 * large to be held.
 */
import { sha256 } from "#digest";
import { hex, utf8 } from "../base/bytes.ts";
import type { Clock, Log, Store } from "../port.ts";
import { FlashWatch } from "../store/flash-watch.ts";
import type { MethodHandler, MethodHandlers } from "./methods.ts";
import { type Noted, note, told } from "./noted.ts";
import type { Operation, OperationSettings } from "./operation-names.ts";
import type { ReportDone } from "./reported.ts";

export interface OperationsOptions {
	readonly clock: Clock;
	readonly store: Store;
	readonly log: Log;
	readonly config: OperationSettings;
	readonly device: Operated;
	/** Absent where the platform cannot. */
	readonly restart?: (() => void) | undefined;
}

/** Of the agent, what an operator is told and may do. */
export interface Operated {
	readonly status: object;
	/** Present while the application is kept from what the hub sends: why. */
	readonly unstable: object | undefined;
	renew(): void;
	/** The application gets again what comes for it. */
	resume(): void;
}

/** The credential of a session, as far as it is needed here. */
export interface Certified {
	readonly serial: string | undefined;
	/** Validity of the leaf, milliseconds since 1970. */
	readonly notBefore: number;
	readonly notAfter: number;
}

/** Of the agent, as far as it is needed here. */
export interface Outlet {
	report(patch: object, done: ReportDone): void;
	/** The same: `make` gives the patch each time that it leaves. */
	tell(make: () => object, done: ReportDone): void;
	telemetry(body: object): void;
}

/** Before a step of a renewal is reported: most are over by then, and a report would be held while certificates are checked. */
const STEP_SECONDS = 5;
const REBOOT_SECONDS = 2; // for the answer to leave

/** Steps of the log that say where a renewal stands. */
const RENEWAL_STEPS: Readonly<Record<string, string>> = Object.freeze({
	"renewal.request": "requested",
	"renewal.waiting": "accepted",
	"renewal.failed": "failed",
	"credential.stored": "on trial",
	"credential.proven": "planned",
});

export class Operations {
	readonly #options: OperationsOptions;
	readonly #flash: FlashWatch;
	#noted: readonly Noted[] = [];
	#credential: Certified | undefined;
	#renewal = "planned";
	#outlet: Outlet | undefined;
	/** Of what the hub has acknowledged, and of what was made last, digests: the texts would be held for ever. */
	#reported = "";
	#told = "";
	/** A report is on its way, and what it says has changed meanwhile. */
	#isTelling = false;
	#tellAgain = false;
	#cancelHealth: (() => void) | undefined;
	#cancelTelling: (() => void) | undefined;
	#cancelRestart: (() => void) | undefined;

	constructor(options: OperationsOptions) {
		this.#options = options;
		this.#flash = new FlashWatch(options.store, options.clock, this.log);
		this.#flash.look();
	}

	/** The agent's log; every Fault that passes is noted. */
	readonly log: Log = (step, detail) => {
		this.#options.log(step, detail);
		if (step === "fault") this.#noted = note(this.#noted, detail, this.#options.clock.now());
		const renewal = RENEWAL_STEPS[step];
		if (renewal === undefined || renewal === this.#renewal) return;
		this.#renewal = renewal;
		if (this.#outlet && !this.#cancelTelling) this.#tellIn(STEP_SECONDS);
	};

	/** Those that are switched on. */
	get methods(): MethodHandlers {
		const { config, clock, device, restart } = this.#options;
		const all: readonly [Operation, MethodHandler][] = [
			["status", (_, respond) => respond(200, this.#status())],
			[
				"renew",
				(_, respond) => {
					respond(202);
					device.renew();
				},
			],
			[
				"reboot",
				(_, respond) => {
					if (!restart) return respond(501, { message: "this platform cannot restart itself" });
					respond(202, { inSeconds: REBOOT_SECONDS });
					this.#cancelRestart ??= clock.after(REBOOT_SECONDS * 1000, restart); // once, however often it is asked for
				},
			],
			[
				"resume",
				(_, respond) => {
					device.resume();
					respond(200, this.#status());
				},
			],
		];
		const on = all.filter(([operation]) => config.operations.includes(operation));
		return Object.fromEntries(on.map(([operation, handler]) => [`enrollee.${operation}`, handler]));
	}

	/** A session under this credential has begun: reports what has changed. */
	connected(credential: Certified, outlet: Outlet): void {
		this.#credential = credential;
		this.#outlet = outlet;
		this.#flash.look();
		this.#tellIn(0);
		if (this.#options.config.healthSeconds > 0 && !this.#cancelHealth) this.#tellHealth(outlet);
	}

	/** Nothing of what was reported stands any more: all of it goes again. */
	reportAgain(): void {
		this.#reported = "";
		this.tell();
	}

	/** The agent has closed. */
	close(): void {
		this.#outlet = undefined;
		this.#flash.close();
		this.#cancelHealth?.();
		this.#cancelTelling?.();
	}

	/** In a turn of its own: in a session's first one the memory of its handshake is still held. */
	#tellIn(seconds: number): void {
		this.#cancelTelling?.();
		this.#cancelTelling = this.#options.clock.after(seconds * 1000, () => {
			this.#cancelTelling = undefined;
			this.tell();
		});
	}

	/** Reports what has changed. */
	tell(): void {
		if (!this.#options.config.operations.includes("twin") || !this.#credential) return;
		// One at a time: over a hub that ends each session before it answers they would pile up.
		this.#tellAgain = this.#isTelling;
		if (this.#isTelling || !this.#outlet) return;
		this.#report();
		if (this.#told === this.#reported) return;
		this.#isTelling = true;
		const done: ReportDone = (fault) => {
			this.#isTelling = false;
			if (!fault) this.#reported = this.#told;
			if (this.#tellAgain) this.tell();
		};
		this.#outlet.tell(() => this.#report(), done);
	}

	#report(): object {
		const { config, device } = this.#options;
		const dates = this.#certificate();
		const serial = this.#credential?.serial ?? null;
		const certificate = { ...dates, serial, renewal: this.#renewal, lastFault: this.#noted[0]?.code ?? null };
		const enrollee = {
			firmware: config.firmware,
			certificate: dates,
			faults: told(this.#noted),
			unstable: device.unstable ?? null,
		};
		this.#told = digestOf({ certificate, enrollee });
		return { certificate, enrollee };
	}

	#tellHealth(outlet: Outlet): void {
		const { clock, config } = this.#options;
		this.#cancelHealth = clock.after(config.healthSeconds * 1000, () => {
			outlet.telemetry({ enrollee: this.#status() });
			this.#tellHealth(outlet);
		});
	}

	#status(): object {
		const { clock, config, device } = this.#options;
		return {
			...device.status,
			unstable: device.unstable,
			firmware: config.firmware,
			upSeconds: Math.round(clock.ticks() / 1000),
			certificate: this.#certificate(),
			flash: this.#flash.status,
			faults: told(this.#noted),
		};
	}

	#certificate(): object | undefined {
		const { notBefore, notAfter } = this.#credential ?? {};
		if (notBefore === undefined || notAfter === undefined) return undefined;
		return { validFrom: new Date(notBefore).toISOString(), validUntil: new Date(notAfter).toISOString() };
	}
}

/** In a function of its own: the text is as large as the report itself. */
function digestOf(report: object): string {
	return hex(sha256(utf8(JSON.stringify(report))).subarray(0, 8));
}
