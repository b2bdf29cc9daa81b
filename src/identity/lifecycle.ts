/**
 * The life of the device's certificate: enrol, prove, use, renew, replace. Gives `agent.ts` sessions to serve.
 *
 * The old credential lives until the new one has worked in a real hub connection. Each method is one attempt and throws
 * the Fault that ended it; when to come back is `agent.ts`'s decision, when to renew is the schedule's.
 */
import { report } from "../base/log.ts";
import { Fault } from "../fault.ts";
import { API_VERSION_PREVIEW } from "../hub/hub-topics.ts";
import type { Store } from "../port.ts";
import { type EnrolmentOptions, enrol } from "./enrolment.ts";
import { EnrolmentPace } from "./enrolment-pace.ts";
import { type Held, heldOf } from "./held.ts";
import { renewOverLink } from "./hub-renewal.ts";
import { acceptIssued, type Issued } from "./issued.ts";
import { Journal } from "./journal.ts";
import { JudgedClock } from "./judged-clock.ts";
import { type Link, openLink, type Proven } from "./link.ts";
import { assignedIn, assignmentOf, type Credential, type DeviceAssignment } from "./record.ts";
import { RenewalSchedule } from "./renewal-schedule.ts";
import { leaveCurve } from "./request.ts";
import { judgeTrial } from "./trial.ts";

export interface LifecycleOptions extends Omit<EnrolmentOptions, "journal"> {
	readonly store: Store;
	/** What the attempt is about to do. */
	readonly onStep: (step: "enrolling" | "connecting") => void;
	readonly onLink: (link: Link) => void;
	/** Nothing of that link is of use any more: it is about to be closed. */
	readonly onLeave: () => void;
}

/** Transient failures at the same hub before DPS is asked again: the hub may have moved. */
const MOST_HUB_FAILURES = 10;
/** Failed renewals over the hub before DPS is asked instead. */
const MOST_HUB_RENEWAL_FAILURES = 3;

export class Lifecycle {
	readonly #options: LifecycleOptions & { readonly journal: Journal };
	/** The judgement on the wall clock. */
	readonly clock: JudgedClock;
	readonly #schedule = new RenewalSchedule();
	readonly #pace: EnrolmentPace;
	#hubFailures = 0;
	/** Of the present candidate, in a row. */
	#trialFailures = 0;
	/** Renewals in a row that the hub refused or left unanswered; lost sessions do not count. */
	#renewalFailures = 0;
	/** By the hub, to be judged once the session has ended. */
	#issued: Issued | undefined;
	#current: Held | undefined; // for the clock's judgement
	/** The credential that the hub has refused since this boot: a candidate is the better bet. */
	#refusedSequence = 0;

	constructor(options: LifecycleOptions) {
		this.clock = new JudgedClock(options.clock, () => this.#current);
		this.#pace = new EnrolmentPace(options.clock, options.entropy);
		this.#options = { ...options, clock: this.clock, journal: new Journal(options.store, options.keystore) };
	}

	get assignment(): DeviceAssignment | undefined {
		const held = this.#current;
		return held && assignmentOf({ ...held, ...assignedIn(this.#options.journal.assigned(held.sequence)) });
	}

	/** Due at the next look, whatever the dates say. */
	requestRenewal(): void {
		this.#schedule.request();
	}

	/** Milliseconds until a renewal or a candidate's next trial is due; a day at most, then to be asked again. */
	dueIn(credential: Held): number {
		return this.#schedule.dueIn(credential, this.#options.config, this.#options.clock);
	}

	/** The best session to be had: with a candidate that proves itself, with the current credential, or after enrolment. */
	async connect(): Promise<Link> {
		let { current, candidate, damages } = this.#options.journal.load();
		for (const damage of damages) report(this.#options.log, damage);
		this.#current = heldOf(current ?? candidate);
		this.clock.check(this.#options.log);
		const usable = current !== undefined && current.sequence !== this.#refusedSequence;
		if (candidate && (!usable || this.#schedule.failures === 0 || this.dueIn(this.#current!) === 0)) {
			// No other record beside a handshake: one may have 5 KB.
			current = undefined;
			try {
				if (usable || this.#hubFailures < MOST_HUB_FAILURES) return await this.#trial(candidate, usable);
			} catch (thrown) {
				const fault = report(this.#options.log, thrown);
				if (this.#options.waiting.over || (!usable && fault.code !== "hub.unauthorized")) throw fault;
				this.#schedule.failed(fault, this.#current!, this.#options);
			}
			({ current } = this.#options.journal.load());
		}
		if (current) {
			candidate = undefined;
			const expired = current.notAfter <= this.#options.clock.now();
			if (expired) this.#options.log("credential.expired", { notAfter: new Date(current.notAfter).toISOString() });
			try {
				if (this.#hubFailures < MOST_HUB_FAILURES) return await this.#open(current);
			} catch (thrown) {
				// A clock that is wrong must not lock us out: the hub decides whether the certificate has expired.
				const fault = report(this.#options.log, thrown);
				if (this.#options.waiting.over || (fault.code !== "hub.unauthorized" && !expired)) throw fault;
				this.#refusedSequence = current.sequence;
			}
		}
		this.#hubFailures = 0;
		current = undefined;
		return await this.#trial(await this.#reenrol(candidate), false);
	}

	/**
	 * Over the hub. "again": there is a candidate to try; "issued": certificates to be judged, once the session has ended; "dps": that has to
	 * say, likewise; undefined: not now.
	 */
	async renew(link: Link): Promise<"again" | "issued" | "dps" | undefined> {
		try {
			if (this.#options.journal.load().candidate) return "again";
			this.#options.journal.expectRoom();
			if (link.session.apiVersion !== API_VERSION_PREVIEW || this.#renewalFailures >= MOST_HUB_RENEWAL_FAILURES)
				return "dps";
			const tell = (restUntil: number, isFailed: boolean): void => {
				this.#schedule.rest(restUntil);
				if (isFailed) this.#renewalFailures++;
			};
			const outcome = await renewOverLink(link, this.#options, tell).catch((thrown) =>
				Fault.of(thrown, "agent.failed"),
			);
			if (outcome instanceof Fault) return this.#afterHub(outcome, link.credential);
			this.#issued = outcome;
			return "issued";
		} catch (thrown) {
			return this.#renewalFailed(thrown, link.credential);
		}
	}

	/** What the hub has issued becomes a candidate, or a Fault; as `renew`. */
	acceptIssued(): "again" | "dps" | undefined {
		const [issued, credential] = [this.#issued!, this.#current!];
		this.#issued = undefined;
		try {
			this.#schedule.issued(acceptIssued(issued, { ...this.#options, credential }), this.clock);
			return "again";
		} catch (thrown) {
			this.#renewalFailures++;
			return this.#afterHub(Fault.of(thrown, "agent.failed"), credential);
		}
	}

	/** Another attempt over the hub would meet the same refusal again: DPS has to say. Not where no key could be made. */
	#afterHub(fault: Fault, credential: Held): "dps" | undefined {
		const isLater = report(this.#options.log, fault).retryable || fault.room === "key" || this.#options.waiting.over;
		return isLater ? this.#renewalFailed(fault, credential) : "dps";
	}

	/** The same by DPS, with the current certificate or, where the enrolment does not take that, with the onboarding credential. */
	async renewAtDps(): Promise<"again" | undefined> {
		try {
			try {
				await this.#enrol(() => this.#options.journal.load().current);
			} catch (thrown) {
				if (report(this.#options.log, thrown).retryable || !this.#options.config.onboarding) throw thrown;
				await this.#enrol();
			}
			return "again";
		} catch (thrown) {
			return this.#renewalFailed(thrown, this.#current!);
		}
	}

	#renewalFailed(thrown: unknown, credential: Held): undefined {
		this.#schedule.failed(leaveCurve(report(this.#options.log, thrown), this.#options), credential, this.#options);
		this.#options.log("renewal.failed", { failures: this.#schedule.failures });
	}

	/** With the onboarding credential, or else with the certificate that the hub refuses: it may be another hub's, which DPS knows. */
	async #reenrol(candidate: Credential | undefined): Promise<Credential> {
		let refusal: Fault | undefined;
		try {
			if (this.#options.config.onboarding || !this.#current) return await this.#enrol();
		} catch (thrown) {
			refusal = report(this.#options.log, thrown);
			if (!this.#current || this.#options.waiting.over || refusal.retryable) throw refusal;
		}
		try {
			return await this.#enrol(() => this.#options.journal.load().current ?? candidate);
		} catch (thrown) {
			// What DPS said to the credential that is meant for it says more.
			throw refusal && !Fault.of(thrown, "agent.failed").retryable ? refusal : thrown;
		}
	}

	/** `show`: to DPS, in place of the onboarding credential. */
	async #enrol(show: () => Credential | undefined = () => undefined): Promise<Credential> {
		this.#options.journal.expectRoom();
		this.#pace.begin();
		this.#options.onStep("enrolling");
		try {
			const credential = await enrol(this.#options, show, () => this.#pace.requested());
			this.#pace.succeeded();
			this.#schedule.issued(credential, this.clock);
			return credential;
		} catch (thrown) {
			throw this.#pace.failed(thrown);
		}
	}

	/** A candidate becomes current by working, and goes when the hub refuses it. `spare`: there is another that works. */
	async #trial(candidate: Credential, spare: boolean): Promise<Link> {
		try {
			return await this.#open(candidate, (held) => this.#promote(candidate, held));
		} catch (thrown) {
			if (this.#options.waiting.over) throw thrown;
			const fault = Fault.of(thrown, "agent.failed");
			const verdict = judgeTrial(fault, ++this.#trialFailures, spare);
			this.#options.log("credential.trial-failed", { sequence: candidate.sequence, code: fault.code, verdict });
			if (verdict === "reject") {
				this.#options.journal.reject(candidate);
				this.#trialFailures = 0;
			}
			throw fault;
		}
	}

	#promote(candidate: Credential, held: Held): void {
		this.#options.journal.promote(candidate);
		this.#current = held;
		this.#schedule.succeeded();
		this.#trialFailures = this.#renewalFailures = 0;
		this.#options.log("credential.proven", { sequence: candidate.sequence });
	}

	async #open(credential: Credential, proven?: Proven): Promise<Link> {
		this.#options.onStep("connecting");
		try {
			const { requestId } = this.#options.journal;
			const link = await openLink(this.#options, credential, requestId, proven);
			this.#hubFailures = 0;
			// A request that was in flight is taken up again at once.
			if (this.#options.journal.requestId !== undefined) this.#schedule.request();
			return link;
		} catch (thrown) {
			if (thrown instanceof Fault && thrown.retryable) this.#hubFailures++;
			throw thrown;
		}
	}
}
