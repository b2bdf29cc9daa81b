/**
 * How often DPS may be asked: never before the end of what it has asked us to wait, and rarely where certificate requests
 * keep having no outcome. Such a request may have cost a certificate, and a network that loses each answer (one too large for
 * a path, say) must not have the device ask every few seconds.
 */
import { type Backoff, delaySeconds, randomUnit } from "../base/retry.ts";
import { Fault } from "../fault.ts";
import type { Clock, Entropy } from "../port.ts";

/** Requests in a row without an outcome, before the next ones wait longer. */
const MOST_LOST = 3;
const LOST: Backoff = { firstSeconds: 900, capSeconds: 6 * 3600 };

export class EnrolmentPace {
	readonly #clock: Clock;
	readonly #entropy: Entropy;
	/** By Clock.ticks: DPS's retry-after holds for whatever asks next. */
	#notBefore = 0;
	#requested = false;
	#lost = 0;

	constructor(clock: Clock, entropy: Entropy) {
		this.#clock = clock;
		this.#entropy = entropy;
	}

	/** An attempt begins. Throws Fault dps.throttled while DPS is to be left alone. */
	begin(): void {
		const left = (this.#notBefore - this.#clock.ticks()) / 1000;
		if (left > 0) throw new Fault("dps.throttled", "DPS is to be left alone for longer", { retryAfterSeconds: left });
		this.#requested = false;
	}

	/** The CSR leaves. */
	requested(): void {
		this.#requested = true;
	}

	succeeded(): void {
		this.#lost = 0;
	}

	/** Gives what to throw instead. */
	failed(thrown: unknown): Fault {
		const fault = this.#judge(Fault.of(thrown, "agent.failed"));
		this.#notBefore = this.#clock.ticks() + (fault.retryAfterSeconds ?? 0) * 1000;
		return fault;
	}

	#judge(fault: Fault): Fault {
		if (!this.#requested) return fault;
		const { code, room, retryable } = fault;
		const isLost = room === "wire" || room === "mqtt" || code === "dps.timeout";
		this.#lost = isLost ? this.#lost + 1 : 0;
		if (this.#lost <= MOST_LOST || !retryable) return fault;
		const retryAfterSeconds = delaySeconds(this.#lost - MOST_LOST, LOST, randomUnit(this.#entropy));
		const message = `certificate request ${this.#lost} in a row without an outcome`;
		return new Fault(code, message, { retryable, retryAfterSeconds, cause: fault });
	}
}
