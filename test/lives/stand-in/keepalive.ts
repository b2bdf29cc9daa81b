/**
 * Stand-in for src/mqtt/keepalive.ts: the same, with an interval of a week. Ten years at one ping in four minutes would be
 * 1.3 million; the simulated wire reports a silent loss itself, after as long as the true interval needs to notice one.
 */
import { KeepAlive as Real } from "../../../src/mqtt/keepalive.ts";

const WEEK_MS = 7 * 24 * 3600_000;

export class KeepAlive extends Real {
	constructor(interval: number, patience: number) {
		super(interval === 0 ? 0 : WEEK_MS, patience);
	}
}
