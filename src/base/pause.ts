/**
 * The pause between two attempts: by the kind of the Fault, by what the peer asked for, and shorter once the clock is set,
 * where a wrong clock explains the Fault.
 */
import type { Fault, FaultCode } from "../fault.ts";
import type { Clock, Entropy, Log } from "../port.ts";
import { delaySeconds, REFUSED, randomUnit, TRANSIENT } from "./retry.ts";
import type { Waiting } from "./waiting.ts";

export interface PauseOptions {
	readonly clock: Clock;
	/** Asks for the time. */
	readonly sync: () => void;
	readonly entropy: Entropy;
	readonly log: Log;
	readonly waiting: Waiting;
}

/** The server looks expired, a token or a new certificate is outside its dates. */
const OF_THE_CLOCK: readonly FaultCode[] = ["tls.expired", "dps.unauthorized", "cert.expired"];
/** How often a clock that may be set is looked at, and what counts as set. */
const LOOK_MS = 5000;
const STEP_MS = 30_000;

export class Pause {
	readonly #options: PauseOptions;
	/** In a row, by kind. */
	#failures = 0;
	#refusals = 0;

	constructor(options: PauseOptions) {
		this.#options = options;
	}

	/** A session has opened: refusals begin anew, and, with `lasting`, failures too. */
	succeeded(lasting: boolean): void {
		this.#refusals = 0;
		if (lasting) this.#failures = 0;
	}

	/** `transient`: the Fault goes by itself, or a clock that is known to be wrong explains it. */
	after(fault: Fault, transient: boolean): Promise<void> {
		const { clock, entropy, log, waiting } = this.#options;
		const attempt = transient ? ++this.#failures : ++this.#refusals;
		const backoff = transient ? TRANSIENT : REFUSED;
		const seconds = delaySeconds(attempt, backoff, randomUnit(entropy), fault.retryAfterSeconds);
		log("waiting", { seconds: Math.round(seconds), attempt, code: fault.code });
		// Behind a refusal there may be a wrong clock: an expired token, a certificate outside its dates.
		if (!fault.retryable) this.#options.sync();
		const ofTheClock = OF_THE_CLOCK.includes(fault.code);
		return waiting.until<void>((resolve) => {
			const offset = clock.now() - clock.ticks();
			let cancelLook = (): void => {};
			const end = (): void => {
				cancel();
				cancelLook();
				resolve();
			};
			const look = (): void => {
				cancelLook = clock.after(LOOK_MS, () => {
					if (Math.abs(clock.now() - clock.ticks() - offset) > STEP_MS) end();
					else look();
				});
			};
			const cancel = clock.after(seconds * 1000, end);
			if (ofTheClock) look();
			return end;
		});
	}
}
