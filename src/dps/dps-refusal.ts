/** What DPS says when it does not assign: its statuses and error codes as Faults. */
import { Fault, type FaultCode, printable } from "../fault.ts";
import type { ResponseTopic } from "./dps-topics.ts";

type Members = Readonly<Record<string, unknown>>;

/** A refused request: the class of the status decides (floor(errorCode / 1000) is the same status). */
export function requestFault(response: ResponseTopic, body: Members): Fault {
	const errorCode = typeof body.errorCode === "number" ? body.errorCode : undefined;
	const status = response.status >= 300 ? response.status : Math.floor((errorCode ?? 0) / 1000);
	const said = `status ${status}, error ${errorCode ?? "none"}: ${printable(body.message)}`;
	return new Fault(codeOf(status, errorCode, body.message), said, {
		retryAfterSeconds: response.retryAfterGiven ? response.retryAfterSeconds : undefined,
	});
}

/** The service worked on the registration and gave up; `state` is its registrationState. */
export function failureFault(state: Members): Fault {
	const errorCode = typeof state.errorCode === "number" ? state.errorCode : undefined;
	const status = Math.floor((errorCode ?? 0) / 1000);
	const code = codeOf(status, errorCode, state.errorMessage);
	const said = `error ${errorCode ?? "none"}: ${printable(state.errorMessage)}`;
	const isTransient = status === 429 || status >= 500;
	return new Fault(code === "dps.csr-rejected" || isTransient ? code : "dps.failed", said);
}

/** 400037 and 400040 are the service's codes for a CSR that does not decode or verify. */
function codeOf(status: number, errorCode: number | undefined, message: unknown): FaultCode {
	if (errorCode === 400037 || errorCode === 400040) return "dps.csr-rejected";
	if (
		status === 400 &&
		typeof message === "string" &&
		/\bcsr\b|signing request|\bcurve\b|\bP-?(256|384)\b|\bkey (type|size|algorithm)/i.test(message)
	)
		return "dps.csr-rejected";
	if (status === 401) return "dps.unauthorized";
	if (status === 403) return "dps.forbidden";
	if (status === 404) return "dps.not-found";
	if (status === 409) return "dps.conflict";
	if (status === 429) return "dps.throttled";
	if (status >= 500 && status < 600) return "dps.unavailable";
	if (status >= 400 && status < 500) return "dps.bad-request";
	return "dps.response";
}
