/**
 * The texts of a DPS session over MQTT 3.1.1: client id, user name, topics. No I/O.
 *
 * The order of parameters in a response topic is not fixed, so they are read by name.
 */
import { parameter, splitAnswer } from "../base/topic.ts";
import { Fault } from "../fault.ts";

export const RESPONSE_FILTER = "$dps/registrations/res/#";
const MOST_OPERATION_ID = 256;
const RESPONSE_PREFIX = "$dps/registrations/res/";

/** What a client waits when the service names no retry-after, and the range it is held to, seconds. */
const RETRY_AFTER = { absent: 2, least: 1, most: 300 } as const;

/** Note that DPS has no '?' before api-version: it is a path segment. */
export function username(idScope: string, registrationId: string, apiVersion: string): string {
	return `${idScope}/registrations/${registrationId}/api-version=${apiVersion}&ClientVersion=enrollee`;
}

/** What a SAS token for this registration signs. */
export function resource(idScope: string, registrationId: string): string {
	return `${idScope}/registrations/${registrationId}`;
}

export function registerTopic(requestId: string): string {
	return `$dps/registrations/PUT/iotdps-register/?$rid=${requestId}`;
}

/** `operation`: as `encodeOperationId` gives it. */
export function queryTopic(requestId: string, operation: string): string {
	return `$dps/registrations/GET/iotdps-get-operationstatus/?$rid=${requestId}&operationId=${operation}`;
}

/** As it stands in a topic. Throws Fault dps.response on lone surrogates, and on more than 256 characters. */
export function encodeOperationId(operationId: string): string {
	let id: string;
	try {
		id = encodeURIComponent(operationId);
	} catch (thrown) {
		throw new Fault("dps.response", "operationId: not well-formed text", { cause: thrown });
	}
	if (id.length > MOST_OPERATION_ID) throw new Fault("dps.response", "operationId: too long");
	return id;
}

export interface ResponseTopic {
	/** HTTP-like status, 100 to 599. */
	readonly status: number;
	readonly requestId: string | undefined;
	/** Held to 1..300; 2 when the service says nothing. */
	readonly retryAfterSeconds: number;
	/** Whether the service named retry-after itself. */
	readonly retryAfterGiven: boolean;
}

/** Undefined for a topic that is no DPS response; Fault dps.response for one that is malformed. */
export function parseResponseTopic(topic: string): ResponseTopic | undefined {
	if (!topic.startsWith(RESPONSE_PREFIX)) return undefined;
	const { status = 0, query = "" } = splitAnswer(RESPONSE_PREFIX, topic) ?? {};
	if (status < 100 || status > 599) throw new Fault("dps.response", "malformed response topic");
	const given = parameter(query, "retry-after");
	const seconds = given !== undefined && /^\d{1,9}$/.test(given) ? Number(given) : undefined;
	return {
		status,
		requestId: parameter(query, "$rid"),
		retryAfterSeconds: Math.min(RETRY_AFTER.most, Math.max(RETRY_AFTER.least, seconds ?? RETRY_AFTER.absent)),
		retryAfterGiven: seconds !== undefined,
	};
}
