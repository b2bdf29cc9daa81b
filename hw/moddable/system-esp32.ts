/** `enrollee/system` on ESP32: restart, and the time from the network. */
import { askTime } from "./sntp.ts";

export const restart = (): never => System.restart();

export const sync = (latest?: number): void => askTime(undefined, latest);
