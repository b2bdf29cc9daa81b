/**
 * The application: an agent that lives as long as the device. Wi-Fi and the clock (SNTP) were set up before this module
 * by the platform's convention: `ssid` and `password` on mcconfig's command line.
 *
 * The agent waits and retries by itself, and updates the application over the air. What ends it all the same (a configuration that cannot be, a store that cannot
 * be opened, a defect) ends in a restart, after a back-off that doubles and is kept over restarts.
 */
import { Agent, createPorts, Fault, type Log, readConfig, type Slot } from "enrollee";
import { openSlot } from "enrollee/slot";
import { openStore } from "enrollee/store";
import { restart } from "enrollee/system";
import config from "mc/config";
import Timer from "timer";

const FIRST_BACKOFF_SECONDS = 10;
const LONGEST_BACKOFF_SECONDS = 3600;
const TELEMETRY_SECONDS = 60;
/** The record that counts restarts: one byte. */
const RESTARTS = "restarts";

export default function main(): void {
	try {
		run();
	} catch (thrown) {
		restartAfter(thrown);
	}
}

function run(): void {
	const ports = createPorts();
	const { clock, store } = ports;
	const agent = new Agent({
		...ports,
		slot: slotForUpdates(ports.log),
		config: readConfig(),
		onState(state) {
			if (state === "connected" && store.get(RESTARTS) !== undefined) store.delete(RESTARTS);
			ports.log("state", { state });
		},
	});
	agent.finished.then(() => restartAfter("the agent has ended"), restartAfter);

	const every = Number(config.telemetrySeconds ?? TELEMETRY_SECONDS);
	const send = (): void => {
		agent.telemetry({ uptimeSeconds: Math.round(clock.ticks() / 1000) });
		clock.after(every * 1000, send);
	};
	send();
}

/** None on a board that was flashed without room for two images. */
function slotForUpdates(log: Log): Slot | undefined {
	try {
		return openSlot();
	} catch (thrown) {
		log("ota.none", { reason: Fault.of(thrown, "ota.flash").message });
		return undefined;
	}
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
