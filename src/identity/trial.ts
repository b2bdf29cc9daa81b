/**
 * A candidate proves itself by a real hub connection before it is promoted. This judges a trial that failed.
 *
 * The hub's refusal ends the candidate; a transient failure does not, or after a few times where there is another credential that works.
 * The current credential is never touched.
 */
import type { Fault } from "../fault.ts";

/** Transient failures before a candidate is given up, so that one that nobody accepts cannot block renewal for ever. */
const MOST_TRANSIENT_FAILURES = 10;

/** `failures`: trials of this candidate that failed in a row, this one included. `spare`: another credential works. */
export function judgeTrial(fault: Fault, failures: number, spare: boolean): "reject" | "again" {
	return fault.code === "hub.unauthorized" || (spare && failures >= MOST_TRANSIENT_FAILURES) ? "reject" : "again";
}
