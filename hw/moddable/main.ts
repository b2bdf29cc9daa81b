/**
 * The application: an agent that lives as long as the device. Wi-Fi and the clock (SNTP) were set up before this module
 * by the platform's convention: `ssid` and `password` on mcconfig's command line.
 *
 * The agent waits and retries by itself, and updates the firmware over the air; what ends it all the same, see restarts.ts.
 */
import { Agent, createPorts, Fault, type Log, readConfig, type Slot } from "enrollee";
import { forgetRestarts, keepAlive } from "enrollee/restarts";
import { openSlot } from "enrollee/slot";
import config from "mc/config";

const TELEMETRY_SECONDS = 60;

export default function main(): void {
	keepAlive(run);
}

function run(): Agent {
	const ports = createPorts();
	const { clock, store } = ports;
	const agent = new Agent({
		...ports,
		slot: slotForUpdates(ports.log),
		config: readConfig(),
		onState(state) {
			if (state === "connected") forgetRestarts(store);
			ports.log("state", { state });
		},
	});

	const every = Number(config.telemetrySeconds ?? TELEMETRY_SECONDS);
	const send = (): void => {
		agent.telemetry({ uptimeSeconds: Math.round(clock.ticks() / 1000) });
		clock.after(every * 1000, send);
	};
	send();
	return agent;
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
