/**
 * The application's events in the agent's log, where everything else of the device is read: the same lines in xsbug, at a serial
 * console, on a terminal and as JSON (`console` is not there on XS).
 *
 *     const log = applicationLog(ports.log);
 *     log("measured", { celsius: 21.5 });        // app.measured  celsius=21.5
 *
 * Whatever comes is written, within bounds, and never throws: names of 32 characters out of [A-Za-z0-9_.-], others become `_`; 16
 * members at most; values are numbers, booleans and 160 characters of printable ASCII, a Date is its time in ISO 8601. So nothing
 * that a sensor or a peer said can make a line of its own, or one that looks like the agent's.
 */
import { Fault, printable } from "../fault.ts";
import type { Log, LogValue } from "../port.ts";

/** More than an event of the agent takes. */
export type ApplicationLog = (name: string, detail?: Readonly<Record<string, LogValue | Date>>) => void;

const MOST_NAME = 32;
const MOST_MEMBERS = 16;

/** What was thrown, as a Fault in the agent's log. */
export function report(log: Log, thrown: unknown): Fault {
	const fault = Fault.of(thrown, "agent.failed");
	log("fault", { code: fault.code, message: fault.message });
	return fault;
}

export function applicationLog(log: Log): ApplicationLog {
	return (name, detail) => {
		const said: Record<string, LogValue> = {};
		for (const member of Object.keys(detail ?? {}).slice(0, MOST_MEMBERS))
			said[memberName(member)] = told(detail![member]);
		log(`app.${safe(name)}`, said);
	};
}

/** A line as JSON has the event's name under `event`. */
function memberName(name: string): string {
	const text = safe(name);
	return text === "event" ? "event_" : text;
}

const safe = (name: unknown): string =>
	printable(name)
		.slice(0, MOST_NAME)
		.replace(/[^\w.-]/g, "_");

function told(value: unknown): LogValue {
	if (value === null) return undefined;
	if (value === undefined || typeof value === "boolean" || Number.isFinite(value)) return value as LogValue;
	if (value instanceof Date) return Number.isNaN(value.getTime()) ? "no time" : value.toISOString();
	return printable(value);
}
