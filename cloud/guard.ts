/**
 * What a client's bytes set off must not end the process: whatever is thrown in a timer or a late answer becomes an event,
 * and the rest of the cloud goes on. (On a connection's own data it ends that connection, see listener.ts.)
 */
import type { Clock } from "../src/port.ts";
import type { Witness } from "./event.ts";

/** `work`, whose exceptions are told to the witness. */
export function guarded<A extends unknown[]>(
	work: (...values: A) => void,
	witness: Witness,
	what: string,
): (...values: A) => void {
	return (...values) => {
		try {
			work(...values);
		} catch (error) {
			witness({
				event: "defect",
				deviceId: "",
				what,
				message: String((error as Error)?.stack ?? error).slice(0, 2000),
			});
		}
	};
}

/** The same clock; a timer that throws ends nothing but itself. */
export function guardedClock(clock: Clock, witness: Witness): Clock {
	return {
		now: () => clock.now(),
		ticks: () => clock.ticks(),
		after: (milliseconds, callback) => clock.after(milliseconds, guarded(callback, witness, "timer")),
	};
}

/**
 * A listener of the cloud's user. What it throws is its author's to see, as an uncaught exception (which fails the run),
 * and no device's: what happened goes on as if it had been heard.
 */
export function uncaught<T>(listener: (value: T) => void): (value: T) => void {
	return (value) => {
		try {
			listener(value);
		} catch (error) {
			queueMicrotask(() => {
				throw error;
			});
		}
	};
}
