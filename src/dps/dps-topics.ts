/**
 * The texts of a DPS session over MQTT 3.1.1: client id, user name, topics. No I/O.
 *
 * The order of parameters in a response topic is not fixed, so they are read by name.
 */
import { Fault } from "../fault.ts";

export const RESPONSE_FILTER = "$dps/registrations/res/#";
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

export function queryTopic(requestId: string, operationId: string): string {
	const id = encodeURIComponent(operationId);
	return `$dps/registrations/GET/iotdps-get-operationstatus/?$rid=${requestId}&operationId=${id}`;
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
	const match = /^(\d{3})\/\?(.*)$/.exec(topic.slice(RESPONSE_PREFIX.length));
	const status = Number(match?.[1]);
	if (!match || status < 100 || status > 599) throw new Fault("dps.response", "malformed response topic");
	const parameters = new Map<string, string>();
	for (const pair of match[2]!.split("&")) {
		const at = pair.indexOf("=");
		if (at > 0) parameters.set(pair.slice(0, at), pair.slice(at + 1));
	}
	const given = parameters.get("retry-after");
	const seconds = given !== undefined && /^\d{1,9}$/.test(given) ? Number(given) : undefined;
	return {
		status,
		requestId: parameters.get("$rid"),
		retryAfterSeconds: Math.min(RETRY_AFTER.most, Math.max(RETRY_AFTER.least, seconds ?? RETRY_AFTER.absent)),
		retryAfterGiven: seconds !== undefined,
	};
}
