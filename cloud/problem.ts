/** The JSON that DPS and hub answer instead of what was asked for. `errorCode` is the HTTP status and three digits. */
import { randomUUID } from "node:crypto";
import type { CsrError } from "./authority.ts";

export interface Problem {
	readonly errorCode: number;
	readonly message: string;
	readonly retryAfterSeconds?: number;
	readonly info?: Readonly<Record<string, unknown>>;
}

export function statusOf(problem: Problem): number {
	return Math.floor(problem.errorCode / 1000);
}

export function problemBody({ errorCode, message, retryAfterSeconds, info }: Problem, now: number): object {
	return {
		errorCode,
		trackingId: randomUUID(),
		message,
		timestampUtc: new Date(now).toISOString(),
		...(retryAfterSeconds === undefined ? {} : { retryAfter: retryAfterSeconds }),
		...(info === undefined ? {} : { info }),
	};
}

/** With nine digits, as some answers of the service have them. */
export function nanoseconds(time: number): string {
	return new Date(time).toISOString().replace("Z", "000000Z");
}

export function csrProblem(error: CsrError, message: string): Problem {
	return {
		errorCode: 400040,
		message: `Certificate signing request refused: ${message}.`,
		info: { credentialError: error, credentialMessage: message },
	};
}
