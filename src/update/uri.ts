/**
 * The https URIs (RFC 3986, RFC 9110 section 4.2.2) an update may come from: absolute, no user name, no fragment,
 * host names and IPv4 only. Anything else is refused with Fault ota.uri.
 */
import { Fault } from "../fault.ts";

export interface HttpsUri {
	readonly host: string;
	readonly port: number;
	/** Path and query, as sent. */
	readonly path: string;
}

export function parseHttpsUri(text: string): HttpsUri {
	// Made at each use: XS 8.2.3 leaks, and may crash, when it runs a pattern that the linker placed in ROM.
	const pattern = /^https:\/\/([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)(?::([0-9]{1,5}))?(\/[!$-;=?-Z_a-z~@]*)$/i;
	const parts = text.length <= MAX_URI ? pattern.exec(text) : null;
	const port = Number(parts?.[2] ?? 443);
	if (parts === null || port < 1 || port > 65535)
		throw new Fault("ota.uri", `expected https://host[:port]/path, got ${text.slice(0, 80)}`);
	return { host: parts[1]!.toLowerCase(), port, path: parts[3]! };
}

/** A Location (RFC 9110 section 10.2.2): absolute, or a path on the same host. */
export function resolveLocation(base: HttpsUri, location: string): HttpsUri {
	const absolutePath = location.startsWith("/") && !location.startsWith("//");
	return parseHttpsUri(absolutePath ? `https://${base.host}:${base.port}${location}` : location);
}

const MAX_URI = 1024;
