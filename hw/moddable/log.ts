/** The Log port by trace: one line a step, with the seconds since start, as xsbug and a serial console show it. */
import type { Clock, Log } from "../../src/port.ts";

export const createLog =
	(clock: Clock): Log =>
	(step, detail = {}) => {
		let line = `${(clock.ticks() / 1000).toFixed(3)} s  ${step}`;
		for (const [name, value] of Object.entries(detail)) if (value !== undefined) line += `  ${name}=${value}`;
		trace(`${line}\n`);
	};
