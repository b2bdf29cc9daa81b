/**
 * Does a certificate name this host? RFC 6125 section 6.4 and RFC 9525: subjectAltName only, never the common name. One rule
 * for the device and for Node.
 *
 * A wildcard is the whole first label, stands for one label, and has at least two behind it. An IPv4 address matches an
 * iPAddress entry only, byte for byte (the device's TCP knows no IPv6). A dot at the end of the host is no part of its name.
 */
import { equal } from "../base/bytes.ts";

export interface Named {
	readonly dnsNames: readonly string[];
	readonly ipAddresses: readonly Uint8Array[];
}

export function matchesHost({ dnsNames, ipAddresses }: Named, host: string): boolean {
	const address = parseIpv4(host);
	if (address !== undefined) return ipAddresses.some((candidate) => equal(candidate, address));
	const name = host.toLowerCase().replace(/\.$/, "");
	return isDnsName(name) && dnsNames.some((pattern) => matchesName(pattern.toLowerCase(), name));
}

/** The pattern is made at each use: XS 8.2.3 leaks, and may crash, when it runs one that the linker placed in ROM. */
const isDnsName = (name: string): boolean => /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/.test(name);

function matchesName(pattern: string, name: string): boolean {
	if (!pattern.startsWith("*.")) return pattern === name;
	const parent = pattern.slice(1);
	const dot = name.indexOf(".");
	return parent.indexOf(".", 1) > 0 && dot > 0 && name.slice(dot) === parent;
}

function parseIpv4(text: string): Uint8Array | undefined {
	const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
	const bytes = match?.slice(1).map(Number);
	return bytes?.every((byte) => byte <= 255) ? Uint8Array.from(bytes) : undefined;
}
