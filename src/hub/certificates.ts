/**
 * One certificate request to IoT Hub as a state machine (dialect C): publish, wait, issued or failed.
 *
 * The same request id is used until the end, over lost connections and reboots: it names the CSR, so "another request
 * is active" with our id means to go on waiting, and with any other that it may be replaced. Transient failures (429, 5xx, silence)
 * is waited out here, a few times; what the hub refuses for a reason ends in a Fault. Times are Clock.ticks, so that a
 * clock that is set in the meantime neither cuts a wait short nor stretches it; what the hub says by the wall clock is
 * held to a range, because the device's may be wrong.
 */
import { hex } from "../base/bytes.ts";
import { Fault, type FaultCode, printable } from "../fault.ts";
import type { Entropy } from "../port.ts";
import { type Answer, type AnswerReader, openAnswer, type Refusal, requestBody, requestTopic } from "./issuance.ts";

export interface CertificateRequestOptions {
	/** As the hub knows it: the authenticated device id. */
	readonly deviceId: string;
	/** PKCS#10, base64 of DER. */
	readonly csr: string;
	readonly requestId: string;
	/** Uniform in [0, 1): spreads the waits. */
	readonly random: () => number;
	/** For the certificates of an answer, DER. */
	readonly chainBytes: number;
}

export type Action =
	/** With QoS 1; then call `deadline` at its time. */
	| { readonly type: "publish"; readonly topic: string; readonly payload: Uint8Array }
	| { readonly type: "wait"; readonly untilTicks: number }
	/** DER, in the order received; nothing has looked into them. */
	| { readonly type: "issued"; readonly certificates: readonly Uint8Array[] }
	| { readonly type: "failed"; readonly fault: Fault };

const SECOND = 1000;
const HOUR = 3600 * SECOND;

/** From the request to 202 or an error; the hub's gateway itself gives up after 60 s. */
const ANSWER_MS = 90 * SECOND;
/** From 202 to the certificates: what the hub says, within limits. Twelve hours is what it has been seen to say. */
const ACCEPTED_MS = { absent: 12 * HOUR, least: HOUR / 4, most: 24 * HOUR } as const;
/** First waits by the service's own advice, doubling to an hour; `retryAfter` is honoured up to that too. */
const FIRST_WAIT_MS = { throttled: SECOND, unavailable: 5 * SECOND, error: 300 * SECOND } as const;
const MOST_WAIT_MS = HOUR;
/** How often the same thing may go wrong before the request fails and another way is tried. */
const MOST_TRANSIENT = 6;
const MOST_REPLACEMENTS = 2;
const MOST_EXPIRIES = 2;

/** 8 KB, the hub's limit for the decoded CSR. */
const MOST_CSR_CHARACTERS = Math.ceil((8 * 1024) / 3) * 4;

type State =
	| { readonly name: "new" | "done" }
	/** Published, no answer yet. */
	| { readonly name: "asked"; readonly replace: boolean; readonly deadline: number }
	/** 202, or 409 with our own id: the certificates will come by themselves. */
	| { readonly name: "accepted"; readonly deadline: number }
	/** To be published again at `deadline`. */
	| { readonly name: "waiting"; readonly replace: boolean; readonly deadline: number };

export class CertificateRequest {
	readonly #options: Omit<CertificateRequestOptions, "csr">;
	/** Until the request is over. */
	#csr: string;
	#state: State = { name: "new" };
	#transient = 0;
	#replacements = 0;
	/** Answers that there was nothing to replace. */
	#unreplaced = 0;
	#expiries = 0;
	/** What its retryAfter says, for any copy of the request. */
	#restUntil = 0;

	constructor(options: CertificateRequestOptions) {
		const { deviceId, requestId, csr, random, chainBytes } = options;
		if (!/^[A-Za-z0-9][A-Za-z0-9-]{2,34}[A-Za-z0-9]$/.test(requestId))
			throw new Fault("hub.bad-request", "request id: expected 4 to 36 of [A-Za-z0-9-], no '-' at either end");
		if (csr.length > MOST_CSR_CHARACTERS) throw new Fault("hub.bad-request", "CSR: more than 8 KB");
		this.#options = { deviceId, requestId, random, chainBytes };
		this.#csr = csr;
	}

	get id(): string {
		return this.#options.requestId;
	}

	/** `room`: for the certificates of its answer, DER. */
	get awaited(): { readonly requestId: string; readonly room: number } {
		return { requestId: this.id, room: this.#options.chainBytes };
	}

	/** When to call `onDeadline`, unless a message comes first. */
	get deadline(): number | undefined {
		return "deadline" in this.#state ? this.#state.deadline : undefined;
	}

	/** By Clock.ticks: until then the hub wants to be left alone, whatever has come of the request. */
	get restUntil(): number {
		return this.#state.name === "waiting" ? this.#state.deadline : this.#restUntil;
	}

	/** Once the response filter is subscribed: at first, and again after every reconnect. */
	start(ticks: number): Action {
		if (this.#state.name === "waiting") return { type: "wait", untilTicks: this.#state.deadline };
		return this.#publish(false, ticks);
	}

	/** Who reads the message; undefined: not an answer to this request. */
	open(topic: string): AnswerReader | undefined {
		// Also before start(): after a reconnect the hub delivers what it kept, before anything is asked.
		if (this.#state.name === "done") return undefined;
		return openAnswer(topic, this.#options.requestId, this.#options.chainBytes);
	}

	/** It is whole. `nowMs` is Clock.now. Undefined: there has been another answer meanwhile. */
	onAnswer(reader: AnswerReader, ticks: number, nowMs: number): Action | undefined {
		if (this.#state.name === "done") return undefined;
		let answer: Answer;
		try {
			answer = reader.answer();
		} catch (thrown) {
			return this.#fail(Fault.of(thrown, "hub.response"));
		}
		if (answer.type === "refused") return this.#refused(answer, ticks, nowMs);
		if (answer.type === "accepted") return this.#accepted(answer.expires, ticks, nowMs);
		this.#end();
		return answer;
	}

	/** The deadline has come. */
	onDeadline(ticks: number): Action {
		const state = this.#state;
		switch (state.name) {
			case "waiting":
				return this.#publish(state.replace, ticks);
			case "asked":
				return this.#wait("hub.timeout", "no answer", FIRST_WAIT_MS.unavailable, 0, ticks);
			case "accepted":
				if (++this.#expiries < MOST_EXPIRIES) return this.#publish(false, ticks);
				return this.#fail(new Fault("hub.timeout", "accepted, but no certificate came before the request expired"));
			default:
				throw new Fault("hub.response", `certificate request: no deadline when ${state.name}`);
		}
	}

	#publish(replace: boolean, ticks: number): Action {
		if (ticks < this.#restUntil) {
			this.#state = { name: "waiting", replace, deadline: this.#restUntil };
			return { type: "wait", untilTicks: this.#restUntil };
		}
		const { deviceId, requestId } = this.#options;
		this.#state = { name: "asked", replace, deadline: ticks + ANSWER_MS };
		return { type: "publish", topic: requestTopic(requestId), payload: requestBody(deviceId, this.#csr, replace) };
	}

	#accepted(expires: number | undefined, ticks: number, nowMs: number): Action {
		const left = expires === undefined ? ACCEPTED_MS.absent : expires - nowMs;
		const deadline = ticks + Math.min(ACCEPTED_MS.most, Math.max(ACCEPTED_MS.least, left));
		this.#state = { name: "accepted", deadline };
		return { type: "wait", untilTicks: deadline };
	}

	#refused(refusal: Refusal, ticks: number, nowMs: number): Action {
		const { status, errorCode, activeRequestId, expires } = refusal;
		const said = `status ${status}, error ${errorCode || "none"}: ${printable(refusal.message)}`;
		const hint = Math.min(MOST_WAIT_MS, (refusal.retryAfterSeconds ?? 0) * SECOND);
		if (status === 409) {
			if (activeRequestId === this.#options.requestId) return this.#accepted(expires, ticks, nowMs);
			if (++this.#replacements <= MOST_REPLACEMENTS) return this.#publish(true, ticks);
			return this.#fail(new Fault("hub.conflict", said));
		}
		if (status === 412 && ++this.#unreplaced <= this.#replacements) {
			if (this.#state.name === "asked" && this.#state.replace) return this.#publish(false, ticks);
			// A replacement that was sent twice, answered after its resend: that one still has its answer to come.
			return { type: "wait", untilTicks: this.deadline ?? ticks };
		}
		if (status === 429) return this.#wait("hub.throttled", said, FIRST_WAIT_MS.throttled, hint, ticks);
		if (status === 500) return this.#wait("hub.unavailable", said, FIRST_WAIT_MS.error, hint, ticks);
		if (status > 500) return this.#wait("hub.unavailable", said, FIRST_WAIT_MS.unavailable, hint, ticks);
		return this.#fail(new Fault(codeOf(status, errorCode), said));
	}

	/** Never less than what the hub asks for or advises; a fifth more at most, so that a fleet spreads. */
	#wait(code: FaultCode, said: string, first: number, hint: number, ticks: number): Action {
		this.#restUntil = Math.max(this.#restUntil, ticks + hint);
		if (this.#state.name === "waiting") {
			// A copy of the answer, or one to a copy of the request: counted once.
			const deadline = Math.max(this.#state.deadline, this.#restUntil);
			this.#state = { ...this.#state, deadline };
			return { type: "wait", untilTicks: deadline };
		}
		if (++this.#transient >= MOST_TRANSIENT)
			return this.#fail(new Fault(code, said, { retryAfterSeconds: hint === 0 ? undefined : hint / SECOND }));
		const wait = Math.min(MOST_WAIT_MS, Math.max(hint, first * 2 ** (this.#transient - 1)));
		const deadline = ticks + wait * (1 + this.#options.random() / 5);
		const replace = this.#state.name === "asked" && this.#state.replace;
		this.#state = { name: "waiting", replace, deadline };
		return { type: "wait", untilTicks: deadline };
	}

	/** While certificates are checked, each byte counts on XS. */
	#end(): void {
		this.#state = { name: "done" };
		this.#csr = "";
	}

	#fail(fault: Fault): Action {
		this.#end();
		return { type: "failed", fault };
	}
}

/** 32 hexadecimal digits: within the hub's rules, and unique without a register. */
export function createRequestId(entropy: Entropy): string {
	const bytes = new Uint8Array(16);
	entropy.fill(bytes);
	return hex(bytes);
}

/** The class of the status decides; 400037 and 400040 both say that the CSR does not decode or verify. */
function codeOf(status: number, errorCode: number): FaultCode {
	if (errorCode === 400037 || errorCode === 400040) return "hub.csr-rejected";
	if (status === 401 || status === 403 || status === 404) return "hub.unauthorized";
	if (status === 412) return "hub.no-request";
	return status === 400 ? "hub.bad-request" : "hub.response"; // another 4xx says nothing of the request's key
}
