/**
 * A candidate proves itself by a real hub connection before it is promoted. This judges a trial that failed.
 *
 * The hub's refusal ends the candidate; weather does not, a few times. The current credential is never touched.
 */
import type { Fault } from "../fault.ts";

/** Passing failures before a candidate is given up, so that one that nobody accepts cannot block renewal for ever. */
const MOST_PASSING_FAILURES = 10;

/** `failures`: trials of this candidate that failed in a row, this one included. */
export function judgeTrial(fault: Fault, failures: number): "reject" | "again" {
	return fault.code === "hub.unauthorized" || failures >= MOST_PASSING_FAILURES ? "reject" : "again";
}
