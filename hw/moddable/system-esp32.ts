/** `enrollee/system` on ESP32: restart and what began this start, and the time from the network. */
import type { ResetReason } from "../../src/port.ts";
import { askTime } from "./sntp.ts";

export const restart = (): never => System.restart();

export const sync = (latest?: number): void => askTime(undefined, latest);

export const lastReset = (): ResetReason => native("xs_system_reset").call(undefined) as ResetReason;
