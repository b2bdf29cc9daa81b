/**
 * When to renew a certificate. Pure: time and randomness are arguments; times are milliseconds since 1970.
 *
 * A fleet that was enrolled on one day must not come back on one day: each device has its own moment, always the same,
 * within the tenth of the validity that ends at the planned fraction. After a failure the next attempt is never so far
 * off that fewer than eight would fit into what is left. Nothing here trusts the clock further than a day: a wait ends
 * by then, so that a clock that has been set in the meantime is looked at again.
 */
import { sha256 } from "#digest";
import { utf8 } from "../base/bytes.ts";
import { type Backoff, delaySeconds } from "../base/retry.ts";

export interface Validity {
	readonly notBefore: number;
	readonly notAfter: number;
}

export interface RenewalPlan {
	/** Gives the device its place in the fleet. */
	readonly deviceId: string;
	/** Of the validity, 0 to 1: the latest first attempt. Default 0.8. */
	readonly fraction?: number;
	/** Attempts that the last renewal needed beyond the first: a device with bad luck begins earlier. */
	readonly pastFailures?: number;
}

const FRACTION = 0.8;
/** Share of the validity over which a fleet spreads. */
const SPREAD = 0.1;
/** Earlier by so much for each past failure, up to the most. */
const EARLIER = { each: 0.05, most: 0.3 } as const;

const MINUTE = 60_000;
const LONGEST_WAIT_MS = 24 * 60 * MINUTE;
/** Between attempts, whatever else is said; a validity of minutes (tests) has a twentieth of itself. */
const SHORTEST_WAIT_MS = MINUTE;
const ATTEMPTS_LEFT = 8;
const BACKOFF: Backoff = { firstSeconds: 300, capSeconds: 24 * 3600 };

/** The moment of the first attempt. */
export function renewAt(validity: Validity, plan: RenewalPlan): number {
	const earlier = Math.min(EARLIER.most, EARLIER.each * (plan.pastFailures ?? 0));
	const fraction = (plan.fraction ?? FRACTION) - earlier - SPREAD * place(plan.deviceId);
	return Math.round(validity.notBefore + Math.max(0, fraction) * (validity.notAfter - validity.notBefore));
}

/**
 * The moment of the next attempt after failure number `attempt` (from 1). `hintSeconds`: the service's retry-after,
 * never undercut. `random`: uniform in [0, 1).
 */
export function retryAt(validity: Validity, now: number, attempt: number, random: number, hintSeconds = 0): number {
	const left = validity.notAfter - now;
	const shortest = Math.min(SHORTEST_WAIT_MS, (validity.notAfter - validity.notBefore) / 20);
	const usual = delaySeconds(attempt, BACKOFF, random) * 1000;
	const wait = Math.max(shortest, left > 0 ? Math.min(usual, left / ATTEMPTS_LEFT) : usual);
	const told = hintSeconds > 0 ? delaySeconds(attempt, BACKOFF, random, hintSeconds) * 1000 : 0;
	return now + Math.ceil(Math.max(wait, told));
}

/** How long to sleep before `moment` is looked at again: never more than a day. */
export function waitMs(moment: number, now: number): number {
	return Math.min(LONGEST_WAIT_MS, Math.max(0, moment - now));
}

/** A device's own number in [0, 1), the same after every reboot and renewal. */
function place(deviceId: string): number {
	const [a, b, c] = sha256(utf8(deviceId));
	return (a! * 0x10000 + b! * 0x100 + c!) / 0x1000000;
}
