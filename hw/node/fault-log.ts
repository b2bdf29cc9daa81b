/** A log in which each fault stands once: neither as often as it was handed on, nor again where it ends the command. */
import type { Fault } from "../../src/fault.ts";
import type { Log, LogValue } from "../../src/port.ts";

export interface FaultLog {
	readonly log: Log;
	/** The command ends, with this Fault if any, which will be reported by itself. */
	end(fault?: Fault): void;
}

/** What ends a command comes within the turns that follow; a fault that does not is written after this time. */
const HELD_MS = 200;

export function createFaultLog(write: Log): FaultLog {
	let held: Readonly<Record<string, LogValue>> | undefined;
	let timer: NodeJS.Timeout | undefined;
	const flush = (): void => {
		clearTimeout(timer);
		if (held) write("fault", held);
		held = undefined;
	};
	return {
		log(step, detail = {}) {
			if (step !== "fault") {
				flush();
				write(step, detail);
				return;
			}
			if (held?.code === detail.code && held?.message === detail.message) return;
			flush();
			held = detail;
			timer = setTimeout(flush, HELD_MS);
			timer.unref();
		},
		end(fault) {
			if (fault && held?.code === fault.code && held.message === fault.message) held = undefined;
			flush();
		},
	};
}
