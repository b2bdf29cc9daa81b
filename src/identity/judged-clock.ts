/**
 * The judgement on the wall clock. No battery is assumed: after a power cut a device may believe it is 1970.
 *
 * Two things are known without a clock: this image has been released, and the current certificate has been issued. The
 * clock is never taken to be behind either. A clock that is too far ahead cannot be told from a certificate that has
 * expired, so it is reported and the peer decides. A wrong clock alone never stops the device: time is asked for again.
 */
import { report } from "../base/log.ts";
import { Fault } from "../fault.ts";
import type { Clock, Log } from "../port.ts";
import { RELEASED } from "../release.ts";
import type { Validity } from "./renewal-plan.ts";

/** `current`: of the credential in use, asked for at each reading. */
export class JudgedClock implements Clock {
	readonly #clock: Clock;
	readonly #current: () => Validity | undefined;

	constructor(clock: Clock, current: () => Validity | undefined) {
		this.#clock = clock;
		this.#current = current;
	}

	/** What is wrong with the clock, if anything. */
	get fault(): Fault | undefined {
		const now = this.#clock.now();
		const credential = this.#current();
		if (now < RELEASED) return new Fault("clock.unset", `${date(now)} is before the release of this version`);
		if (credential && now < credential.notBefore)
			return new Fault("clock.implausible", `${date(now)} is before the certificate's ${date(credential.notBefore)}`);
		if (credential && now >= credential.notAfter)
			return new Fault("clock.implausible", `${date(now)} is after the certificate's ${date(credential.notAfter)}`);
		return undefined;
	}

	/** Reports a clock that cannot be right and asks for the time; the device goes on. */
	check(log: Log): void {
		const { fault } = this;
		if (!fault) return;
		report(log, fault);
		this.sync();
	}

	/** A clock that is behind has servers look too young and tokens too old; one that is ahead has servers look expired. */
	explains({ code }: Fault): boolean {
		const isBehind = this.#clock.now() < this.now();
		return code === "tls.expired" ? this.fault !== undefined : code === "dps.unauthorized" && isBehind;
	}

	now(): number {
		return Math.max(this.#clock.now(), RELEASED, this.#current()?.notBefore ?? 0);
	}

	ticks(): number {
		return this.#clock.ticks();
	}

	after(milliseconds: number, callback: () => void): () => void {
		return this.#clock.after(milliseconds, callback);
	}

	sync(): void {
		this.#clock.sync?.(this.#current()?.notAfter);
	}
}

function date(milliseconds: number): string {
	return new Date(milliseconds).toISOString().slice(0, 19);
}
