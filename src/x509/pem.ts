/**
 * PEM (RFC 7468): base64 of DER between BEGIN and END lines, 64 characters a line.
 *
 * Text around the blocks is ignored, as the RFC wants. Refused with Fault x509.pem: a block without its END, headers inside a
 * block (encrypted keys have them), anything that is not canonical base64, more than MAX_PEM_CHARACTERS.
 */
import { base64, fromSpacedBase64 } from "../base/bytes.ts";
import { Fault } from "../fault.ts";

/** A system's whole bundle of trust anchors is 200 KB. */
const MAX_PEM_CHARACTERS = 1 << 20;
const BEGIN = "-----BEGIN ";
const DASHES = "-----";

export interface PemBlock {
	readonly label: string;
	readonly der: Uint8Array;
}

export function encodePem(label: string, der: Uint8Array, eol = "\n"): string {
	const body = base64(der);
	let text = `${BEGIN}${label}${DASHES}${eol}`;
	for (let i = 0; i < body.length; i += 64) text += body.slice(i, i + 64) + eol;
	return `${text}-----END ${label}${DASHES}${eol}`;
}

export function decodePem(text: string): PemBlock[] {
	if (text.length > MAX_PEM_CHARACTERS) refuse(`${text.length} characters, the limit is ${MAX_PEM_CHARACTERS}`);
	// Cut at once: XS counts the characters up to a place in a text.
	return text.split(BEGIN).slice(1).map(readBlock);
}

/** What follows BEGIN. */
function readBlock(text: string): PemBlock {
	const labelEnd = text.indexOf(DASHES);
	const label = text.slice(0, labelEnd);
	if (labelEnd < 0 || label.length > 64) refuse("BEGIN line without an end");
	const bodyEnd = text.indexOf(`-----END ${label}${DASHES}`, labelEnd);
	if (bodyEnd < 0) refuse(`${label} has no END line`);
	return { label, der: decodeBase64(text.slice(labelEnd + DASHES.length, bodyEnd), label) };
}

/** Base64 with white space anywhere. `what` names it in the Fault. */
export function decodeBase64(text: string, what: string): Uint8Array {
	try {
		return fromSpacedBase64(text);
	} catch (thrown) {
		if (text.includes("ENCRYPTED")) refuse(`${what} is encrypted`);
		throw new Fault("x509.pem", `${what} is not base64`, { cause: thrown });
	}
}

function refuse(what: string): never {
	throw new Fault("x509.pem", what);
}
