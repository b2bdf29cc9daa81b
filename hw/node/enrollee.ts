/// <reference types="node" preserve="true" />
/**
 * `enrollee`: what a program on Node imports.
 *
 *     import { Agent, createPorts, readConfig } from "enrollee";
 *     const agent = new Agent({ ...createPorts(".enrollee"), config: readConfig() });
 *     agent.telemetry({ temperature: 21.5 });
 */
import type { Config } from "../../src/config.ts";
import type { Clock, Entropy, Log, Store, Wire } from "../../src/port.ts";
import { clock } from "./clock.ts";
import { fill } from "./entropy.ts";
import { lockFolder } from "./lock.ts";
import { createOutput } from "./output.ts";
import { configure } from "./settings.ts";
import { openStore } from "./store.ts";
import { createWire } from "./wire.ts";

export * from "../../src/library.ts";
export { openPkcs11, type Pkcs11Options } from "./pkcs11.ts";

export interface Ports {
	readonly wire: Wire;
	readonly store: Store;
	readonly clock: Clock;
	readonly entropy: Entropy;
	readonly log: Log;
}

/**
 * The agent's ports on this platform: the folder `state` is the device's flash, this process's alone until it ends; the log goes
 * to stdout. Throws Fault host.locked, store.failed.
 */
export function createPorts(state: string): Ports {
	lockFolder(state, "agent");
	return { wire: createWire(), store: openStore(state), clock, entropy: { fill }, log: createOutput({}).log };
}

/** From the ENROLLEE_* variables and enrollee.json. Throws Fault config.missing, config.invalid. */
export function readConfig(): Config {
	return configure({});
}
