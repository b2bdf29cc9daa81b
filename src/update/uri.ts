/**
 * The https URIs (RFC 3986, RFC 9110 section 4.2.2) an update may come from: absolute, no user name, no fragment, host names and
 * IPv4 only. Anything else is refused with Fault ota.uri. And where a redirect may lead.
 */
import { Fault } from "../fault.ts";

export interface HttpsUri {
	readonly host: string;
	readonly port: number;
	/** Path and query, as sent. */
	readonly path: string;
}

/** Presigned addresses have 400 to 1,800 characters. A request and a bundle hold one, and the heap of a small device both. */
export const MAX_URI = 3072;
const SCHEME = "https://";

export function parseHttpsUri(text: string): HttpsUri {
	if (text.length > MAX_URI) throw new Fault("ota.uri", `an address of ${text.length} characters, at most ${MAX_URI}`);
	const isHttps = text.slice(0, SCHEME.length).toLowerCase() === SCHEME;
	const parts = isHttps ? /^.{8}(\w(?:[\w.-]{0,251}[A-Za-z0-9])?)(?::([0-9]{1,5}))?(?=[/?]|$)/.exec(text) : null;
	const port = Number(parts?.[2] ?? 443);
	// Apart from the host, and nothing of it captured: each copy of an address is as much again in RAM.
	const path = text.slice(parts?.[0].length);
	if (parts === null || port < 1 || port > 65535 || !/^[!$-;=?-Z_a-z~@[\]]*$/.test(path))
		throw new Fault("ota.uri", `expected https://host[:port]/path, got ${text.slice(0, 80)}`);
	return { host: parts[1]!.toLowerCase(), port, path: path.startsWith("/") ? path : `/${path}` };
}

/** A Location (RFC 9110 section 10.2.2): absolute, or relative to `base` (RFC 3986 section 5.2). Its fragment is of no interest. */
export function resolveLocation(base: HttpsUri, location: string): HttpsUri {
	const end = location.indexOf("#");
	const reference = end < 0 ? location : location.slice(0, end);
	if (reference === "") throw new Fault("ota.uri", "a redirect to nowhere");
	if (/^[A-Za-z][A-Za-z0-9+.-]*:/.test(reference)) return parseHttpsUri(reference);
	if (reference.startsWith("//")) return parseHttpsUri(`https:${reference}`);
	const [path = "/"] = base.path.split("?");
	const [own = "", ...query] = reference.split("?");
	const from = own === "" ? path : own.startsWith("/") ? own : path.slice(0, path.lastIndexOf("/") + 1) + own;
	const rest = query.length > 0 ? `?${query.join("?")}` : "";
	return parseHttpsUri(`https://${base.host}:${base.port}${withoutDots(from)}${rest}`);
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
	const labels = host.split(".");
	if (labels.every((label) => /^[0-9]+$/.test(label))) return undefined;
	const [second = "", top = ""] = labels.slice(-2);
	const count = top.length === 2 && second.length <= 3 ? 3 : 2;
	return labels.length < count ? undefined : labels.slice(-count).join(".");
}

/** RFC 3986 section 5.2.4. */
function withoutDots(path: string): string {
	const kept: string[] = [];
	const segments = path.split("/").slice(1);
	for (const [index, segment] of segments.entries()) {
		const isLast = index === segments.length - 1;
		if (segment === "..") kept.pop();
		else if (segment !== ".") kept.push(segment);
		if (isLast && (segment === ".." || segment === ".")) kept.push("");
	}
	return `/${kept.join("/")}`;
}
