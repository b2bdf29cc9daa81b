/**
 * `enrollee`: what an application on Moddable imports.
 *
 *     import { Agent, createPorts, readConfig } from "enrollee";
 *     const agent = new Agent({ ...createPorts(), config: readConfig() });
 *     agent.telemetry({ temperature: 21.5 });
 */
import { openStore } from "enrollee/store";
import { lastReset, restart, sync } from "enrollee/system";
import type { Clock, Entropy, Log, ResetReason, Store, Wire } from "../../src/port.ts";
import { createClock } from "./clock.ts";
import { fill } from "./entropy.ts";
import { createLog } from "./log.ts";
import { createWire } from "./wire.ts";

export * from "../../src/library.ts";
export { readConfig } from "./configuration.ts";

export interface Ports {
	readonly wire: Wire;
	readonly store: Store;
	readonly clock: Clock;
	readonly entropy: Entropy;
	readonly log: Log;
	readonly lastReset: ResetReason | undefined;
	readonly restart: () => void;
}

/** The agent's ports on this platform. Call it once: the clock counts from here. */
export function createPorts(): Ports {
	const clock = createClock(sync);
	const log = createLog(clock);
	return { wire: createWire(), store: openStore(), clock, entropy: { fill }, log, lastReset: lastReset(), restart };
}
