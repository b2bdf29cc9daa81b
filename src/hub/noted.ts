/** The Faults that an operator is told of, in the twin and by `enrollee.status`: the last ones, each code once, newest first. */
import { type FaultCode, isFaultCode } from "../fault.ts";
import type { Log } from "../port.ts";
import { FAULTS } from "../remedies.ts";

export interface Noted {
	readonly code: FaultCode;
	readonly count: number;
	/** When it came last, by the device's clock. */
	readonly at: string;
	/** Of what was too large: its topic or its properties, and its size. Others may hold what is the application's affair. */
	readonly message?: string;
}

const MOST_NOTED = 5;
/** They are held, and of a sender's choice. */
const MOST_MESSAGE_CHARACTERS = 160;

/** `noted` with one more. `detail`: of the log's event; `now`: milliseconds since 1970. */
export function note(noted: readonly Noted[], detail: Parameters<Log>[1], now: number): readonly Noted[] {
	const code = detail?.code;
	if (!isFaultCode(code)) return noted;
	const known = noted.find((one) => one.code === code);
	const others = noted.filter((one) => one !== known);
	const newest: Noted = { code, count: (known?.count ?? 0) + 1, at: new Date(now).toISOString() };
	return [
		code === "hub.too-large" ? { ...newest, message: withoutCode(code, detail?.message) } : newest,
		...others,
	].slice(0, MOST_NOTED);
}

/** As an operator is told it. */
export const told = (noted: readonly Noted[]): readonly object[] =>
	noted.map((one) => ({ ...one, remedy: FAULTS[one.code] }));

/** A Fault's message begins with its code. */
function withoutCode({ length }: string, message: unknown): string {
	const start = length + ": ".length;
	return String(message).slice(start, start + MOST_MESSAGE_CHARACTERS);
}
