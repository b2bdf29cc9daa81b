/** The Clock port on Moddable. Ticks are unwrapped, since ESP32 counts milliseconds in 32 bits (24.8 days). */
import Time from "time";
import Timer from "timer";
import type { Clock } from "../../src/port.ts";

/** Longer waits are taken in pieces, so that ticks are read often enough to see each wrap. */
const LONGEST_WAIT_MS = 24 * 3600 * 1000;

/** `sync` asks the network for the time; absent where the system keeps it right. */
export function createClock(sync?: () => void): Clock {
	let last = Time.ticks;
	let elapsed = 0;
	const ticks = (): number => {
		const now = Time.ticks;
		const passed = (now - last) | 0;
		last = now;
		// The simulator's ticks follow the wall clock, which somebody may set back.
		if (passed > 0) elapsed += passed;
		return elapsed;
	};
	return {
		now: () => Date.now(),
		ticks,
		after(milliseconds, callback) {
			const end = ticks() + milliseconds;
			let timer: Timer;
			const wait = (left: number): void => {
				timer =
					left > LONGEST_WAIT_MS
						? Timer.set(() => wait(end - ticks()), LONGEST_WAIT_MS)
						: Timer.set(callback, Math.max(0, Math.ceil(left)));
			};
			wait(milliseconds);
			return () => Timer.clear(timer);
		},
		...(sync && { sync }),
	};
}
