/**
 * From a live hub session to a candidate: a key, a request id that survives reboots, and dialect C over the session.
 *
 * The key and its request id are written before anything is published, so that a certificate that arrives after a
 * lost connection or a reboot still finds its key. The live session goes on under the old credential meanwhile.
 */

import { base64 } from "../base/bytes.ts";
import { idle } from "../base/idle.ts";
import { randomUnit } from "../base/retry.ts";
import type { Config } from "../config.ts";
import { Fault } from "../fault.ts";
import { type Action, CertificateRequest, createRequestId } from "../hub/certificates.ts";
import type { HubSession } from "../hub/hub-session.ts";
import { CREDENTIALS_FILTER } from "../hub/issuance.ts";
import type { Clock, Entropy, Keystore, Log } from "../port.ts";
import { acceptCertificates } from "./accept.ts";
import type { Journal } from "./journal.ts";
import type { Credential } from "./record.ts";
import { renewAt, retryAt, waitMs } from "./renewal-plan.ts";
import { type CertificateRequestIdentity, certificateRequest, isForDps, turnCurve } from "./request.ts";

/** Share of its validity that a certificate is used for at least, whatever the clock says. */
const LEAST_USE = 0.1;

/** When the next attempt is due, and how many have failed. Lives in RAM: after a reboot the plan starts from the dates. */
export class RenewalSchedule {
	#failures = 0;
	#pastFailures = 0;
	/** By Clock.ticks, so that a clock that jumps does not hurry or stall a retry. */
	#retryTicks = 0;
	/** By Clock.ticks: a clock that runs ahead of the CA would find every new certificate due at once. */
	#earliestTicks = 0;
	#requested = false;
	/** By the wall clock: looked at every day, and always the same for one credential. */
	#planned: { readonly credential: Credential; readonly at: number } | undefined;

	get failures(): number {
		return this.#failures;
	}

	/** Asked for by the application or the operator: due at once. */
	request(): void {
		this.#requested = true;
	}

	/** Milliseconds until the next attempt, 0 when it is due; a day at most, then to be asked again. */
	dueIn(credential: Credential, config: Config, clock: Clock): number {
		if (this.#failures > 0) return waitMs(this.#retryTicks, clock.ticks());
		if (this.#requested) return 0;
		if (this.#planned?.credential !== credential) {
			const plan = { deviceId: credential.deviceId, fraction: config.renewAt, pastFailures: this.#pastFailures };
			this.#planned = { credential, at: renewAt(credential, plan) };
		}
		return Math.max(waitMs(this.#planned.at, clock.now()), waitMs(this.#earliestTicks, clock.ticks()));
	}

	failed(fault: Fault, credential: Credential, { clock, entropy }: { clock: Clock; entropy: Entropy }): void {
		this.#failures++;
		const now = clock.now();
		const at = retryAt(credential, now, this.#failures, randomUnit(entropy), fault.retryAfterSeconds);
		this.#retryTicks = clock.ticks() + (at - now);
	}

	/** A new one. Not to be said of one that was found in flash: it may have little time left. */
	issued({ notBefore, notAfter }: Credential, clock: Clock): void {
		this.#earliestTicks = clock.ticks() + LEAST_USE * (notAfter - notBefore);
	}

	succeeded(): void {
		this.#pastFailures = this.#failures;
		this.#failures = 0;
		this.#requested = false;
	}
}

export interface HubRenewalOptions {
	readonly session: HubSession;
	/** The credential of the session. */
	readonly credential: Credential;
	readonly clock: Clock;
	readonly entropy: Entropy;
	readonly log: Log;
	readonly config: Config;
	readonly journal: Journal;
	readonly keystore?: Keystore | undefined;
}

export interface HubRenewal {
	/** Every message of the session; gives whether it was about a certificate. */
	message(topic: string, payload: Uint8Array): boolean;
	/**
	 * The session has ended: the pending key and its request id stay for the next one. Gives the seconds for which the hub
	 * still wants to be left alone.
	 */
	abandon(): number;
}

/** `done` is called once, unless abandoned: with the candidate, or with the Fault that ended the request. */
export const renewOverHub = (options: HubRenewalOptions, done: (result: Credential | Fault) => void): HubRenewal =>
	new RequestOverHub(options, done);

class RequestOverHub implements HubRenewal {
	readonly #options: HubRenewalOptions;
	readonly #done: (result: Credential | Fault) => void;
	/** The CSR itself is the request's, for as long as it may have to be sent again. */
	readonly #identity: Omit<CertificateRequestIdentity, "csr">;
	readonly #request: CertificateRequest;
	#over = false;
	/** Before it, an answer to a former session's request may come: nothing is asked for until `start` can be. */
	#isSubscribed = false;
	#cancelTimer: () => void = idle;

	constructor(options: HubRenewalOptions, done: (result: Credential | Fault) => void) {
		const { session, credential, clock, entropy } = options;
		if (isForDps(options)) throw new Fault("hub.csr-rejected", "this key, on both curves: DPS has to say");
		const { csr, key, spki } = certificateRequest(options);
		this.#options = options;
		this.#done = done;
		this.#identity = { key, spki };
		this.#request = new CertificateRequest({
			deviceId: credential.deviceId,
			csr: base64(csr),
			requestId: options.journal.pending?.requestId ?? createRequestId(entropy),
			random: () => randomUnit(entropy),
		});
		session.subscribe(CREDENTIALS_FILTER, (fault) => {
			if (this.#over) return;
			if (fault) return this.#finish(fault);
			this.#isSubscribed = true;
			this.#act(this.#request.start(clock.ticks()));
		});
	}

	message(topic: string, payload: Uint8Array): boolean {
		const { clock } = this.#options;
		const action = this.#over ? undefined : this.#request.onMessage(topic, payload, clock.ticks(), clock.now());
		if (action) this.#act(action);
		return topic.startsWith(CREDENTIALS_FILTER.slice(0, -1));
	}

	abandon(): number {
		this.#over = true;
		this.#cancelTimer();
		const ticks = this.#options.clock.ticks();
		return waitMs(this.#request.waitsUntil ?? ticks, ticks) / 1000;
	}

	#act(action: Action): void {
		if (this.#over) return;
		// What else the answer changed, `start` takes up: acted on here, the request would be sent twice.
		if (!this.#isSubscribed && (action.type === "publish" || action.type === "wait")) return;
		const { session, clock, log } = this.#options;
		this.#cancelTimer();
		switch (action.type) {
			case "publish":
				// Each time: hours may have passed since the last one, and flash may have lost what it held.
				try {
					this.#keep();
				} catch (thrown) {
					this.#finish(Fault.of(thrown, "store.failed"));
					return;
				}
				log("renewal.request", { requestId: this.#request.id, bytes: action.payload.length });
				// The session's end has its own way here, with what the hub may have said in the meantime.
				session.publish(
					action.topic,
					action.payload,
					(fault) => fault && fault.code !== "mqtt.closed" && this.#finish(fault),
				);
				break;
			case "wait":
				log("renewal.waiting", { seconds: Math.round((action.untilTicks - clock.ticks()) / 1000) });
				break;
			case "failed":
				// The service has an opinion on this CSR: the next attempt is a new request, with the same key.
				this.#finish(action.fault);
				return;
			case "issued":
				this.#finish(this.#accept(action.certificates));
				return;
		}
		const { deadline } = this.#request;
		if (deadline === undefined) return;
		this.#cancelTimer = clock.after(Math.max(0, deadline - clock.ticks()), () =>
			this.#act(this.#request.onDeadline(clock.ticks())),
		);
	}

	/** The key and the request id, written down before the CSR leaves. */
	#keep(): void {
		const { key } = this.#identity;
		const refused = this.#options.journal.pending?.refused;
		if ("signer" in key)
			this.#options.journal.keepPending({
				key: key.signer,
				requestId: this.#request.id,
				...(refused && { refused }),
			});
	}

	#accept(certificates: Parameters<typeof acceptCertificates>[0]): Credential | Fault {
		const { credential, config, clock, log, journal } = this.#options;
		try {
			const expect = { ...this.#identity, registrationId: config.registrationId, now: clock.now(), log };
			const accepted = acceptCertificates(certificates, credential.hub, credential.deviceId, expect);
			const candidate = journal.propose({ ...accepted, ...assignedWith(credential) });
			log("credential.stored", { sequence: candidate.sequence, notAfter: new Date(candidate.notAfter).toISOString() });
			return candidate;
		} catch (thrown) {
			return Fault.of(thrown, "hub.response");
		}
	}

	#finish(result: Credential | Fault): void {
		if (this.#over) return;
		this.#over = true;
		this.#cancelTimer();
		// A refused request is over at the hub: its id must not be resumed, its key may be used again.
		let outcome = result;
		try {
			if (result instanceof Fault && !result.retryable && !turnCurve(result, this.#options))
				forgetRequestId(this.#options.journal);
		} catch (thrown) {
			outcome = Fault.of(thrown, "store.failed");
		}
		this.#done(outcome);
	}
}

function forgetRequestId(journal: Journal): void {
	const { pending } = journal;
	if (pending?.requestId === undefined) return;
	const { key, refused } = pending;
	journal.keepPending({ key, ...(refused && { refused }) });
}

/** What only DPS says, and stays true. */
function assignedWith({ trustBundle, payload }: Credential): Pick<Credential, "trustBundle" | "payload"> {
	return { ...(trustBundle ? { trustBundle } : {}), ...(payload === undefined ? {} : { payload }) };
}
