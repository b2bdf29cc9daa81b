/// <reference types="node" preserve="true" />
/**
 * `enrollee/cloud`: a local cloud for one's own tests.
 *
 *     import { startCloud } from "enrollee/cloud";
 *     const cloud = await startCloud();
 *     const config = parseConfig(cloud.settings); // of "enrollee"
 *     ...
 *     await cloud.close();
 */
import { startCloud as start } from "./cloud.ts";
import type { CloudOptions, LocalCloud } from "./contract.ts";

export type { Clock } from "../src/port.ts";
export type {
	CertificateState,
	CloudOperator,
	CloudOptions,
	CsrCurves,
	DeviceSettings,
	DeviceState,
	IssuingCurve,
	LocalCloud,
	Ready,
	Seen,
	TwinSection,
} from "./contract.ts";
export type { CloudEvent, Connected, Happening, Registration, Service, Telemetry, Transport } from "./event.ts";
export type { MethodAnswer, MethodOutcome } from "./methods.ts";
export { UnknownDevice } from "./operator.ts";
export type { Limits } from "./throttle.ts";
export type { Properties } from "./topic.ts";
export { TwinRefused } from "./twins.ts";

/**
 * Serves on a free port of loopback until `close`. Rejects with Fault (of `enrollee`) config.invalid, host.locked, store.failed, and with
 * Node's own error where the port or the address cannot be had (EADDRINUSE, EADDRNOTAVAIL, ENOTFOUND).
 */
export const startCloud: (options?: CloudOptions) => Promise<LocalCloud> = start;
