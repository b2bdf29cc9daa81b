/**
 * How an operator offers an update: the desired property or direct method payload `ota: {"url", "sequence"}`. It gives
 * no authority, only the signature of what lies at the URL does; so it says where to look, and whether to look at all.
 */
import { Fault } from "../fault.ts";
import { MOST_TWIN_INTEGER } from "../hub/limits.ts";
import { parseHttpsUri } from "./uri.ts";

/** A device reports it in its twin. */
export const MOST_SEQUENCE: number = MOST_TWIN_INTEGER;

export interface Offer {
	/** Of the SUIT envelope, https. */
	readonly url: string;
	/** What the envelope must carry. */
	readonly sequence: number;
}

/** Undefined for null or nothing: no update is wanted. Throws Fault ota.uri, ota.sequence. */
export function readOffer(value: unknown): Offer | undefined {
	if (value === undefined || value === null) return undefined;
	const { url, sequence } = value as Partial<Record<keyof Offer, unknown>>;
	if (typeof url !== "string") throw new Fault("ota.uri", "url is missing");
	parseHttpsUri(url);
	if (!isSequence(sequence))
		throw new Fault("ota.sequence", `sequence is not a whole number from 1 to ${MOST_SEQUENCE}`);
	return { url, sequence };
}

export const isSequence = (value: unknown): value is number =>
	Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MOST_SEQUENCE;
