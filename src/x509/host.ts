/**
 * Does a certificate name this host? RFC 6125 section 6.4 and RFC 9525: subjectAltName only, never the common name. One rule
 * for the device and for Node.
 *
 * A wildcard is the whole first label, stands for one label, and has at least two behind it. An IPv4 address matches an
 * iPAddress entry only, byte for byte (the device's TCP knows no IPv6). A dot at the end of the host is no part of its name.
 */
import { equal, fromUnits } from "../base/bytes.ts";
import { Fault } from "../fault.ts";
import { contextPrimitive, readDer, Tag } from "./der.ts";

const DNS_NAME = /* @__PURE__ */ contextPrimitive(2);
const IP_ADDRESS = /* @__PURE__ */ contextPrimitive(7);
/** Longer than any host's name (RFC 1035 section 2.3.4) and its wildcard. */
const MOST_NAME_BYTES = 255;

export interface Named {
	/** GeneralNames, DER. */
	readonly subjectAltName?: Uint8Array;
}

/** One name after the other, none is kept. Throws Fault x509.der, x509.certificate. */
export function matchesHost({ subjectAltName }: Named, host: string): boolean {
	if (subjectAltName === undefined) return false;
	const address = parseIpv4(host);
	const lower = host.toLowerCase();
	const name = lower.endsWith(".") ? lower.slice(0, -1) : lower;
	const isName = address === undefined && isDnsName(name);
	let found = false;
	readDer(subjectAltName, (value) =>
		value.each(Tag.SEQUENCE, (names) => {
			if (names.tag === DNS_NAME) {
				const pattern = names.content(DNS_NAME);
				if (!found && isName && pattern.length <= MOST_NAME_BYTES)
					found = matchesName(fromUnits(pattern).toLowerCase(), name);
			} else if (names.tag === IP_ADDRESS) {
				const candidate = names.content(IP_ADDRESS);
				if (candidate.length !== 4 && candidate.length !== 16)
					throw new Fault("x509.certificate", `an IP address of ${candidate.length} bytes`);
				found ||= address !== undefined && equal(candidate, address);
			} else names.element();
		}),
	);
	return found;
}

/**
 * Of labels of 1 to 63 characters: nothing else is found. The pattern is made at each use: XS 8.2.3 leaks, and may crash, when it runs one
 * that the linker placed in ROM.
 */
export const isDnsName = (name: string): boolean => !/[^a-z0-9_.-]|(?:^|\.)(?:\.|$|[^.]{64})/.test(name);

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
