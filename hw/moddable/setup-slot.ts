/**
 * `setup/slot` on ESP32: runs at power-up, before `main`, which waits for the network. An image on trial gets its deadline
 * here, so that one that cannot even join the network goes back too; the agent sets it anew (src/update/image-trial.ts).
 * Up to here the watchdog of the bootloader has run (sdkconfig), which resets an image that hangs before.
 */
import { openSlot } from "enrollee/slot";
import config from "mc/config";

const TRIAL_SECONDS = 600;
/** For the network to come up. */
const MORE_SECONDS = 120;

export default function setup(done: () => void): void {
	try {
		const slot = openSlot();
		if (slot.state === "trial") slot.guard(Number(config.trialSeconds ?? TRIAL_SECONDS) + MORE_SECONDS);
	} catch (thrown) {
		trace(`slot: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
	}
	native("xs_slot_awake").call(undefined);
	done();
}
