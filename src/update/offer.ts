/**
 * How an operator offers an update: the desired property or direct method payload `ota: {"url", "sequence"}`. It gives
 * no authority, only the signature of what lies at the URL does; so it says where to look, and whether to look at all.
 */
import { Fault } from "../fault.ts";
import { parseHttpsUri } from "./uri.ts";

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
	if (!Number.isSafeInteger(sequence) || (sequence as number) < 1)
		throw new Fault("ota.sequence", "sequence is not a whole number from 1");
	return { url, sequence: sequence as number };
}
