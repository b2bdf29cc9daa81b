/**
 * Brings an offered update: bundle, image, and the restart into it, with the pauses in between. Each step is one attempt of
 * `updater.ts`, which also bounds the attempts at one image; here is decided when to try again.
 *
 * Rests while the hub is away: an outage of our own network is no failure of the download server.
 */
import { type Backoff, delaySeconds, REFUSED, randomUnit, TRANSIENT } from "../base/retry.ts";
import { Fault } from "../fault.ts";
import type { Entropy, Log } from "../port.ts";
import { type DownloadPorts, fetchBundle, fetchImage } from "./download.ts";
import type { Offer } from "./offer.ts";
import type { Updater } from "./updater.ts";

export interface DeliveryOptions extends Omit<DownloadPorts, "notBefore"> {
	readonly updater: Updater;
	readonly entropy: Entropy;
	readonly log: Log;
	/** The updater's status has changed; `then`: once it is reported, or at once when it cannot be. */
	readonly onChange: (then?: () => void) => void;
	/** The bundle is not there yet; it is asked for again. */
	readonly onMissing: (offer: Offer, fault: Fault) => void;
	/** The bundle is not to be had, or refused. */
	readonly onRefused: (offer: Offer, fault: Fault) => void;
	/** Calls back once no telemetry waits. */
	readonly whenQuiet: (then: () => void) => void;
}

/** How often a download's progress is looked at. */
const PROGRESS_SECONDS = 30;
/** Bundles that do not arrive, in a row, before a long pause. */
const MOST_FAILURES = 8;
/** A file that is not there (404) may still be on its way to that server: eight attempts in about an hour. */
const MISSING: Backoff = { firstSeconds: 60, capSeconds: 1800 };
/** For telemetry and the last report to leave before a restart. */
const MOST_QUIET_SECONDS = 30;

export class Delivery {
	readonly #options: DeliveryOptions;
	#isResting = true;
	/** Of the certificate that the hub has taken: it is that late. */
	#notBefore = 0;
	#offer: Offer | undefined;
	/** Its bundle has not been taken yet. */
	#isNew = false;
	/** Ends what is under way: a download, a wait, the wait for quiet. */
	#cancel: (() => void) | undefined;
	#isWaiting = false;
	#failures = 0;
	#pauses = 0;

	constructor(options: DeliveryOptions) {
		this.#options = options;
	}

	/** Takes the place of an earlier offer. The same bundle, or an image, that is being downloaded already goes on. */
	take(offer: Offer): void {
		if (this.#cancel && !this.#isWaiting && this.#isNew && isSame(offer, this.#offer)) return;
		const isUnderWay = this.#cancel && this.#isDownloading && this.#options.updater.status.sequence === offer.sequence;
		this.#offer = offer;
		this.#isNew = true;
		this.#failures = 0;
		this.#pauses = 0;
		// Should that fail, its bundle is fetched again: it may name a better address.
		if (isUnderWay) return;
		this.stop();
		this.#next();
	}

	/** The offer has been taken back. */
	withdraw(): void {
		this.#drop();
		this.stop();
		this.#options.updater.interrupted(new Fault("ota.withdrawn", "the desired property is gone"));
	}

	/** The hub is there; `notBefore`: as in WireOptions, where a certificate says it. */
	resume(notBefore: number = this.#notBefore): void {
		this.#isResting = false;
		this.#notBefore = notBefore;
		this.#next();
	}

	/** The hub is gone: what runs goes on as long as it can, nothing else begins. */
	rest(): void {
		this.#isResting = true;
	}

	/** The same until `resume`, and what runs ends: a download keeps what it has written. A wait goes on, which a server may have asked for. */
	makeRoom(): void {
		this.rest();
		if (!this.#isWaiting) this.stop();
	}

	stop(): void {
		this.#isWaiting = false;
		this.#cancel?.();
		this.#cancel = undefined;
	}

	/** Starts what comes next, unless something is under way. */
	#next(): void {
		if (this.#cancel || this.#isResting) return;
		const { updater, log } = this.#options;
		const offer = this.#offer;
		if (offer && this.#isNew) {
			log("ota.offered", { sequence: offer.sequence, url: offer.url });
			this.#cancel = fetchBundle(this.#ports, offer.url, (result) => {
				this.#ended("bundle", () => {
					if (result instanceof Fault) throw result;
					updater.offer(result, offer.sequence);
					this.#isNew = false;
					this.#failures = 0;
				});
			});
		} else if (this.#isDownloading) {
			log("ota.download", { sequence: updater.status.sequence, progress: updater.status.progress });
			const stopLooking = this.#lookAtProgress();
			const abandon = fetchImage(this.#ports, updater, (fault) => {
				stopLooking();
				if (!fault) this.#restart();
				else
					this.#ended("image", () => {
						throw fault;
					});
			});
			this.#cancel = () => {
				stopLooking();
				abandon();
			};
		}
	}

	get #ports(): DownloadPorts {
		const { wire, clock, anchors, hosts } = this.#options;
		return { wire, clock, anchors, notBefore: this.#notBefore, ...(hosts ? { hosts } : {}) };
	}

	get #isDownloading(): boolean {
		const { state } = this.#options.updater.status;
		return state === "fetching" || state === "staged";
	}

	#lookAtProgress(): () => void {
		const look = () =>
			this.#options.clock.after(PROGRESS_SECONDS * 1000, () => {
				cancel = look();
				this.#options.onChange();
			});
		let cancel = look();
		return () => cancel();
	}

	/** The image is complete: into it, as soon as nothing would be lost. Without the hub telemetry would be. */
	#restart(): void {
		const { clock, updater, whenQuiet, onChange, log } = this.#options;
		let over = false;
		const end = (): void => {
			over = true;
			cancelTimer();
		};
		const restart = (): void => {
			if (over) return;
			end();
			this.#ended("image", () => {
				if (this.#isResting) return;
				log("ota.restart", { sequence: updater.status.sequence });
				updater.apply();
			});
		};
		const cancelTimer = clock.after(MOST_QUIET_SECONDS * 1000, restart);
		this.#cancel = end;
		onChange(() => whenQuiet(restart));
	}

	/** What was under way has ended, well unless `outcome` throws. */
	#ended(what: "bundle" | "image", outcome: () => void): void {
		this.#cancel = undefined;
		try {
			outcome();
		} catch (thrown) {
			const fault = Fault.of(thrown, "agent.failed");
			this.#options.log("fault", { code: fault.code, message: fault.message });
			this.#failed(what, fault);
		}
		this.#options.onChange();
		this.#next();
	}

	#failed(what: "bundle" | "image", fault: Fault): void {
		const isMissing = fault.code === "ota.missing";
		if (what === "bundle" && !fault.retryable) {
			if (this.#offer) this.#options.onRefused(this.#offer, fault);
			this.#drop();
		} else if (what === "bundle" ? this.#failures + 1 < MOST_FAILURES : this.#isDownloading) {
			if (isMissing && what === "bundle" && this.#offer) this.#options.onMissing(this.#offer, fault);
			this.#wait(fault, isMissing ? MISSING : TRANSIENT, ++this.#failures);
		} else if (what === "image" && this.#isNew) {
			// Its bundle may name a better address.
		} else if (this.#offer && fault.retryable && !isMissing) {
			this.#isNew = true;
			this.#failures = 0;
			this.#wait(fault, REFUSED, ++this.#pauses);
		} else {
			if (what === "bundle" && this.#offer) this.#options.onRefused(this.#offer, fault);
			this.#drop();
		}
	}

	#wait(fault: Fault, backoff: Backoff, attempt: number): void {
		const { clock, entropy, log } = this.#options;
		const seconds = delaySeconds(attempt, backoff, randomUnit(entropy), fault.retryAfterSeconds);
		log("ota.waiting", { seconds: Math.round(seconds), attempt, code: fault.code });
		this.#isWaiting = true;
		this.#cancel = clock.after(seconds * 1000, () => {
			this.#isWaiting = false;
			this.#cancel = undefined;
			this.#next();
		});
	}

	#drop(): void {
		this.#offer = undefined;
		this.#isNew = false;
	}
}

const isSame = (one: Offer, other: Offer | undefined): boolean =>
	one.url === other?.url && one.sequence === other.sequence;
