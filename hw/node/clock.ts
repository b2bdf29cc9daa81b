/** The Clock port on Node. A wait may exceed the 24.8 days that setTimeout holds: it is then waited in pieces. */
import type { Clock } from "../../src/port.ts";

/** setTimeout fires at once above this. */
const LONGEST_MS = 0x7fffffff;

export const clock: Clock = {
	now: () => Date.now(),
	ticks: () => performance.now(),
	after(milliseconds, callback) {
		if (milliseconds <= LONGEST_MS) {
			const timer = setTimeout(callback, Math.max(0, milliseconds));
			return () => clearTimeout(timer);
		}
		const end = performance.now() + milliseconds;
		let cancel = clock.after(LONGEST_MS, () => {
			cancel = clock.after(end - performance.now(), callback);
		});
		return () => cancel();
	},
};
