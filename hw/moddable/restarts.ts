/**
 * `enrollee/restarts`: what ends an agent all the same (a configuration that cannot be, a store that cannot be opened, a
 * defect) ends in a restart, after a back-off that doubles and is kept over restarts.
 */
import { type Agent, Fault, type Store } from "enrollee";
import { openStore } from "enrollee/store";
import { restart } from "enrollee/system";
import Timer from "timer";

const FIRST_BACKOFF_SECONDS = 10;
const LONGEST_BACKOFF_SECONDS = 3600;
/** The record that counts restarts: one byte. */
const RESTARTS = "restarts";

/** `start` gives the agent, or nothing when the device is about to restart anyway. */
export function keepAlive(start: () => Agent | undefined): void {
	try {
		start()?.finished.then(() => restartAfter("the agent has ended"), restartAfter);
	} catch (thrown) {
		restartAfter(thrown);
	}
}

/** The device is connected: the next restart need not wait long. */
export function forgetRestarts(store: Store): void {
	if (store.get(RESTARTS) !== undefined) store.delete(RESTARTS);
}

function restartAfter(thrown: unknown): void {
	const reason = thrown instanceof Error ? thrown.message : String(thrown);
	const count = countRestart();
	const seconds = Math.min(FIRST_BACKOFF_SECONDS * 2 ** count, LONGEST_BACKOFF_SECONDS);
	trace(`fatal  ${reason}\n`);
	if (thrown instanceof Fault) trace(`remedy ${thrown.remedy}\n`);
	trace(`restart in ${seconds} s\n`);
	Timer.set(restart, seconds * 1000);
}

/** How often it was restarted before, counting on flash that may be what has failed. */
function countRestart(): number {
	try {
		const store = openStore();
		const count = store.get(RESTARTS)?.[0] ?? 0;
		store.put(RESTARTS, Uint8Array.of(Math.min(count + 1, 255)));
		return count;
	} catch {
		return 255;
	}
}
