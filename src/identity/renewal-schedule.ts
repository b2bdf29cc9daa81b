/** When a certificate is renewed: by its plan, when somebody asks, and after failures. */
import { randomUnit } from "../base/retry.ts";
import type { Config } from "../config.ts";
import type { Fault } from "../fault.ts";
import type { Clock, Entropy } from "../port.ts";
import type { Held } from "./held.ts";
import { renewAt, retryAt, type Validity, waitMs } from "./renewal-plan.ts";

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
	/** By Clock.ticks: so long the hub has asked to be left alone. */
	#restTicks = 0;
	#requested = false;
	/** By the wall clock: looked at every day, and always the same for one credential. */
	#planned: { readonly credential: Held; readonly at: number } | undefined;

	get failures(): number {
		return this.#failures;
	}

	/** Asked for by the application or the operator: due at once. */
	request(): void {
		this.#requested = true;
	}

	/** Milliseconds until the next attempt, 0 when it is due; a day at most, then to be asked again. */
	dueIn(credential: Held, config: Config, clock: Clock): number {
		const rest = waitMs(Math.max(this.#restTicks, this.#failures > 0 ? this.#retryTicks : 0), clock.ticks());
		if (this.#failures > 0 || this.#requested) return rest;
		if (this.#planned?.credential !== credential) {
			const plan = { deviceId: credential.deviceId, fraction: config.renewAt, pastFailures: this.#pastFailures };
			this.#planned = { credential, at: renewAt(credential, plan) };
		}
		return Math.max(rest, waitMs(this.#planned.at, clock.now()), waitMs(this.#earliestTicks, clock.ticks()));
	}

	/** By Clock.ticks. Holds for every attempt, asked for or not, whatever has come of the last. */
	rest(until: number): void {
		this.#restTicks = Math.max(this.#restTicks, until);
	}

	failed(fault: Fault, credential: Validity, { clock, entropy }: { clock: Clock; entropy: Entropy }): void {
		this.#failures++;
		const now = clock.now();
		const at = retryAt(credential, now, this.#failures, randomUnit(entropy), fault.retryAfterSeconds);
		this.#retryTicks = clock.ticks() + (at - now);
	}

	/** A new one. Not to be said of one that was found in flash: it may have little time left. */
	issued({ notBefore, notAfter }: Validity, clock: Clock): void {
		this.#earliestTicks = clock.ticks() + LEAST_USE * (notAfter - notBefore);
	}

	succeeded(): void {
		this.#pastFailures = this.#failures;
		this.#failures = 0;
		this.#requested = false;
	}
}
