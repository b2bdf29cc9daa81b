/**
 * `enrollee`: what an application on Moddable imports.
 *
 *     import { Agent, createPorts, readConfig } from "enrollee";
 *     const agent = new Agent({ ...createPorts(), config: readConfig() });
 *     agent.telemetry({ temperature: 21.5 });
 */
import { openStore } from "enrollee/store";
import { restart, sync } from "enrollee/system";
import type { Clock, Entropy, Log, Store, Wire } from "../../src/port.ts";
import { createClock } from "./clock.ts";
import { fill } from "./entropy.ts";
import { createLog } from "./log.ts";
import { createWire } from "./wire.ts";

export { Agent, type AgentOptions, type AgentState } from "../../src/agent.ts";
export { type Config, type ConfigInput, parseConfig } from "../../src/config.ts";
export { FAULTS, Fault, type FaultCode } from "../../src/fault.ts";
export type { Json, JsonObject } from "../../src/hub/json.ts";
export type { CloudMessage } from "../../src/hub/messages.ts";
export type { MethodHandler, MethodHandlers, Respond } from "../../src/hub/methods.ts";
export {
	CONTENT_ENCODING,
	CONTENT_TYPE,
	CORRELATION_ID,
	MESSAGE_ID,
	type Properties,
} from "../../src/hub/topics.ts";
export type { Desired } from "../../src/hub/twin.ts";
export type { Clock, Entropy, Log, Slot, Store, Wire } from "../../src/port.ts";
export { readConfig } from "./configuration.ts";

export interface Ports {
	readonly wire: Wire;
	readonly store: Store;
	readonly clock: Clock;
	readonly entropy: Entropy;
	readonly log: Log;
	readonly restart: () => void;
}

/** The agent's ports on this platform. Call it once: the clock counts from here. */
export function createPorts(): Ports {
	const clock = createClock(sync);
	return { wire: createWire(), store: openStore(), clock, entropy: { fill }, log: createLog(clock), restart };
}
