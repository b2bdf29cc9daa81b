/**
 * The https URIs (RFC 3986, RFC 9110 section 4.2.2) an update may come from: absolute, no user name, no fragment, host names and
 * IPv4 only. Anything else is refused with Fault ota.uri. And where a redirect may lead.
 */
import { utf8, utf8Text } from "../base/bytes.ts";
import { readEndpoint } from "../base/endpoint.ts";
import { Fault } from "../fault.ts";

export interface HttpsUri {
	readonly host: string;
	readonly port: number;
	/** Path and query, as sent. */
	readonly path: string;
}

/** Presigned addresses have 400 to 1,800 characters. A request and a bundle hold one, and the heap of a small device both. */
export const MAX_URI = 3072;
/** Of an image, in a signed manifest: envelope, record and address are held together. */
export const MAX_IMAGE_URI = 1024;
const SCHEME = "https://";
const HTTPS_PORT = 443;
/** Of a host and its port there is at most this. */
const MOST_PLACE = 260;
const SLASH = 0x2f;
const DOT = 0x2e;
const QUESTION = 0x3f;

/**
 * Of an address there are as few copies as may be, and each part of it is looked through for what is refused: on XS a part is as much
 * again in RAM, and a pattern that repeats something takes C heap for each character.
 */
export function parseHttpsUri(text: string, most: number = MAX_URI): HttpsUri {
	if (text.length > most) throw new Fault("ota.uri", `an address of ${text.length} characters, at most ${most}`);
	const isHttps = text.slice(0, SCHEME.length).toLowerCase() === SCHEME;
	const start = text.slice(SCHEME.length, SCHEME.length + MOST_PLACE);
	const place = start.slice(0, start.search(/[/?]|$/));
	const endpoint = isHttps ? readEndpoint(place, HTTPS_PORT) : undefined;
	const path = text.slice(SCHEME.length + place.length);
	if (endpoint === undefined || !isPath(path))
		throw new Fault("ota.uri", `expected https://host[:port]/path, got ${text.slice(0, 80)}`);
	return { ...endpoint, path: path.startsWith("/") ? path : `/${path}` };
}

/** A Location (RFC 9110 section 10.2.2): absolute, or relative to `base` (RFC 3986 section 5.2). Its fragment is of no interest. */
export function resolveLocation(base: HttpsUri, location: string): HttpsUri {
	const end = location.indexOf("#");
	const reference = end < 0 ? location : location.slice(0, end);
	if (reference === "") throw new Fault("ota.uri", "a redirect to nowhere");
	if (/^[A-Za-z][A-Za-z0-9+.-]{0,31}:/.test(reference)) return parseHttpsUri(reference);
	if (reference.startsWith("//")) return parseHttpsUri(`https:${reference}`);
	const path = reference.startsWith("/") ? reference : `${commonPart(base.path, reference)}${reference}`;
	if (path.length > MAX_URI || !isPath(path))
		throw new Fault("ota.uri", `expected a path of at most ${MAX_URI} characters, got ${reference.slice(0, 80)}`);
	return { host: base.host, port: base.port, path: /\/\.\.?(?:[/?]|$)/.test(path) ? withoutDots(path) : path };
}

/** Of the base's path: what a relative reference stands behind. */
function commonPart(base: string, reference: string): string {
	const query = base.indexOf("?");
	const path = query < 0 ? base : base.slice(0, query);
	return reference.startsWith("?") ? path : path.slice(0, path.lastIndexOf("/") + 1);
}

/** Path and query. */
const isPath = (text: string): boolean => !/[^!$-;=?-Z_a-z~@[\]]/.test(text);

/** RFC 3986 section 5.2.4, in place, segment by segment; `path` begins with a slash, its query stays. */
function withoutDots(path: string): string {
	const bytes = utf8(path);
	const query = bytes.indexOf(QUESTION);
	const end = query < 0 ? bytes.length : query;
	let kept = 0;
	for (let at = 0; at < end; ) {
		const slash = bytes.indexOf(SLASH, at + 1);
		const next = slash < 0 || slash > end ? end : slash;
		const dots = next - at - 1;
		const isDots = (dots === 1 || dots === 2) && bytes[at + 1] === DOT && bytes[next - 1] === DOT;
		if (!isDots) {
			bytes.copyWithin(kept, at, next);
			kept += next - at;
		} else if (dots === 2 && kept > 0) kept = bytes.lastIndexOf(SLASH, kept - 1);
		if (isDots && next === end) bytes[kept++] = SLASH;
		at = next;
	}
	bytes.copyWithin(kept, end);
	return utf8Text(bytes.subarray(0, kept + bytes.length - end));
}

/**
 * Whether a redirect may lead there: to the same host, to a host of the same registrable domain, or to one that `hosts` names,
 * subdomains included. The domain is the last two labels; the last three where the last has two letters and the one before at most
 * three (co.uk, com.au, and for want of a list abb.ch, too): rather refused than followed. An address is only itself.
 */
export function mayFollow(from: string, to: string, hosts: readonly string[]): boolean {
	const within = (host: string, domain: string) => host === domain || host.endsWith(`.${domain}`);
	if (hosts.some((host) => within(to, host)) || from === to) return true;
	const domain = registrable(from);
	return domain !== undefined && within(to, domain);
}

function registrable(host: string): string | undefined {
	const top = host.lastIndexOf(".");
	if (top < 0 || !/[^0-9.]/.test(host)) return undefined;
	const second = host.lastIndexOf(".", top - 1);
	const isShort = host.length - top === 3 && top - second <= 4;
	if (!isShort) return host.slice(second + 1);
	return second < 0 ? undefined : host.slice(host.lastIndexOf(".", second - 1) + 1);
}
