/**
 * From a live hub session to a candidate: a key, a request id that survives reboots, and dialect C over the session.
 *
 * The key and its request id are written before anything is published, so that a certificate that arrives after a
 * lost connection or a reboot still finds its key. The live session goes on under the old credential meanwhile; what has been issued is
 * judged once it has ended (issued.ts), because a session has 10 KB of slots and 7 of buffers.
 */
import { base64 } from "../base/bytes.ts";
import { idle } from "../base/idle.ts";
import { randomUnit } from "../base/retry.ts";
import type { Waiting } from "../base/waiting.ts";
import type { Config } from "../config.ts";
import { Fault } from "../fault.ts";
import { type Action, CertificateRequest, createRequestId } from "../hub/certificates.ts";
import type { HubSession } from "../hub/hub-session.ts";
import { type AnswerReader, CREDENTIALS_FILTER } from "../hub/issuance.ts";
import type { Sink } from "../mqtt/events.ts";
import type { Clock, Entropy, Keystore, Log, Wire } from "../port.ts";
import { chainBytes } from "../x509/certificate-text.ts";
import { afterFault, type Issued } from "./issued.ts";
import type { Journal } from "./journal.ts";
import type { Awaited, Link } from "./link.ts";
import { type CertificateRequestIdentity, certificateRequest, isForDps } from "./request.ts";

export interface HubRenewalOptions {
	readonly clock: Clock;
	readonly entropy: Entropy;
	readonly log: Log;
	readonly config: Config;
	readonly journal: Journal;
	readonly keystore?: Keystore | undefined;
}

export interface HubRenewal {
	/** As CertificateListener: unless the request is over. */
	readonly awaited: Awaited | undefined;
	/** Every message of the session; gives whether it was about a certificate. */
	message(topic: string, payload: Uint8Array): boolean;
	/** The same of one that comes in parts: where they go, if anywhere. */
	open(topic: string): Sink | undefined;
	/** The same of an answer that has come whole before. */
	take(requestId: string, answer: AnswerReader): void;
	/** The session has ended: the pending key and its request id stay for the next one. Gives `restUntil`. */
	abandon(): number;
}

/**
 * Called once, unless the request is abandoned: with what was issued, or with the Fault that ended it. `restUntil`, by Clock.ticks: the hub
 * wants no other request before, whatever has come of this one.
 */
export type Done = (result: Issued | Fault, restUntil: number) => void;

/** What a renewal over a link takes besides. */
export interface LinkRenewalOptions extends HubRenewalOptions {
	readonly wire: Pick<Wire, "forget">;
	readonly waiting: Waiting;
	/** Nothing of the link is of use any more: it is closed. */
	readonly onLeave: () => void;
}

/**
 * Until there is an outcome: certificates, for which the link is closed, or a Fault. `tell`: when to ask again at the earliest, by
 * Clock.ticks, and whether this attempt has failed, other than by the link's end. No async function, and none that waits for it: see Waiting.
 */
export function renewOverLink(
	link: Link,
	options: LinkRenewalOptions,
	tell: (restUntil: number, isFailed: boolean) => void,
): Promise<Issued | Fault> {
	options.wire.forget?.(); // the next session is under another certificate
	const { session, ended } = link;
	return options.waiting.until<Issued | Fault>((resolve) => {
		let stopListening = idle;
		let isOver = false;
		const end = (outcome: Issued | Fault): void => {
			isOver = true;
			stopListening();
			resolve(outcome);
		};
		const renewal = renewOverHub(options, link, (result, restUntil) => {
			const isFailed = result instanceof Fault;
			tell(restUntil, isFailed);
			if (!isFailed) {
				// At once: what else the hub sends has no room beside certificates.
				options.onLeave();
				session.close();
			}
			end(result);
		});
		void ended.then((fault) => {
			tell(renewal.abandon(), false);
			end(new Fault("hub.closed", "the session ended during the renewal", { cause: fault }));
		});
		// Last: what came early, the certificate perhaps, comes within this call.
		stopListening = link.listen((topic, payload) => renewal.message(topic, payload), renewal);
		if (isOver) stopListening();
		return () => session.close();
	});
}

/** `over`: an open session, and the credential that it is under. */
export const renewOverHub = (options: HubRenewalOptions, over: Over, done: Done): HubRenewal =>
	new RequestOverHub(options, over, done);

type Over = Pick<Link, "session" | "credential">;

class RequestOverHub implements HubRenewal {
	readonly #options: HubRenewalOptions;
	readonly #session: HubSession;
	readonly #done: Done;
	/** The CSR itself is the request's, for as long as it may have to be sent again. */
	readonly #identity: Omit<CertificateRequestIdentity, "csr">;
	readonly #request: CertificateRequest;
	#over = false;
	/** Before it, an answer to a former session's request may come: nothing is asked for until `start` can be. */
	#isSubscribed = false;
	#cancelTimer: () => void = idle;

	/** `options` as they are: a copy of them has a slot for each. */
	constructor(options: HubRenewalOptions, { session, credential }: Over, done: Done) {
		const { clock, entropy } = options;
		if (isForDps(options)) throw new Fault("hub.csr-rejected", "this key, on both curves: DPS has to say");
		const { csr, key, spki } = certificateRequest(options);
		this.#options = options;
		this.#session = session;
		this.#done = done;
		this.#identity = { key, spki };
		this.#request = new CertificateRequest({
			deviceId: credential.deviceId,
			csr: base64(csr),
			requestId: options.journal.pending?.requestId ?? createRequestId(entropy),
			random: () => randomUnit(entropy),
			chainBytes: chainBytes(options.config.maxMessageBytes, credential.assignedBytes),
		});
		session.subscribe(CREDENTIALS_FILTER, (fault) => {
			if (this.#over) return;
			if (fault) return this.#finish(fault);
			this.#isSubscribed = true;
			this.#act(this.#request.start(clock.ticks()));
		});
	}

	get awaited(): Awaited | undefined {
		return this.#options.journal.requestId === this.#request.id ? this.#request.awaited : undefined;
	}

	message(topic: string, payload: Uint8Array): boolean {
		const reader = this.#over ? undefined : this.#request.open(topic);
		if (reader) {
			reader.push(payload);
			this.#answered(reader);
		}
		return topic.startsWith(CREDENTIALS_FILTER.slice(0, -1));
	}

	open(topic: string): Sink | undefined {
		const reader = this.#over ? undefined : this.#request.open(topic);
		return reader && { push: (bytes) => reader.push(bytes), end: () => this.take(this.#request.id, reader) };
	}

	/** A large one is judged in a turn of its own, which leaves behind what it was made of. */
	take(requestId: string, answer: AnswerReader): void {
		if (requestId === this.#request.id) void Promise.resolve(answer).then((whole) => this.#answered(whole));
	}

	#answered(reader: AnswerReader): void {
		const { clock } = this.#options;
		const action = this.#over ? undefined : this.#request.onAnswer(reader, clock.ticks(), clock.now());
		if (action) this.#act(action);
	}

	abandon(): number {
		this.#over = true;
		this.#cancelTimer();
		return this.#request.restUntil;
	}

	#act(action: Action): void {
		if (this.#over) return;
		// What else the answer changed, `start` takes up: acted on here, the request would be sent twice.
		if (!this.#isSubscribed && (action.type === "publish" || action.type === "wait")) return;
		const { clock, log } = this.#options;
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
				this.#session.publish(
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
				this.#finish({ certificates: action.certificates, identity: this.#identity });
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

	#finish(result: Issued | Fault): void {
		if (this.#over) return;
		this.#over = true;
		this.#cancelTimer();
		this.#done(result instanceof Fault ? afterFault(result, this.#options) : result, this.#request.restUntil);
	}
}
