/**
 * How long to wait before the next attempt. Pure: time and randomness are arguments.
 *
 * Exponential back-off with full upper-half jitter, so that a fleet that lost power together does not come back together.
 */
import type { Entropy } from "../port.ts";

export interface Backoff {
	/** Wait after the first failure, seconds. */
	readonly firstSeconds: number;
	/** Doubling stops here, seconds. */
	readonly capSeconds: number;
}

/** Transient: network down, service busy. */
export const TRANSIENT: Backoff = { firstSeconds: 2, capSeconds: 300 };
/** Somebody must change something first (a late enrolment, a wrong clock); still never give up for good. */
export const REFUSED: Backoff = { firstSeconds: 3600, capSeconds: 24 * 3600 };

/**
 * Seconds to wait before attempt number `attempt` + 1, `attempt` counting failures from 1.
 * `hintSeconds`: the peer's retry-after; never undercut, spread upward by up to a fifth.
 * `random`: uniform in [0, 1).
 */
export function delaySeconds(attempt: number, backoff: Backoff, random: number, hintSeconds = 0): number {
	const full = Math.min(backoff.capSeconds, backoff.firstSeconds * 2 ** Math.min(attempt - 1, 30));
	if (hintSeconds > 0) return hintSeconds * (1 + random / 5);
	return full * (0.5 + random / 2);
}

/** Uniform in [0, 1), in steps of 2^-16: enough to spread a fleet. */
export function randomUnit(entropy: Entropy): number {
	const draw = new Uint8Array(2);
	entropy.fill(draw);
	return (draw[0]! * 256 + draw[1]!) / 65536;
}
