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

export type {
	CloudOperator,
	CloudOptions,
	CsrCurves,
	DeviceSettings,
	IssuingCurve,
	LocalCloud,
	Ready,
	Seen,
} from "./contract.ts";
export type { CloudEvent, Connected, Registration, Telemetry } from "./event.ts";
export type { MethodOutcome } from "./methods.ts";

/** Serves on a free port of loopback until `close`. Rejects with RangeError on an unknown fault. */
export const startCloud: (options?: CloudOptions) => Promise<LocalCloud> = start;
