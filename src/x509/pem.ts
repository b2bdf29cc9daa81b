/**
 * PEM (RFC 7468): base64 of DER between BEGIN and END lines, 64 characters a line.
 *
 * Text around the blocks is ignored, as the RFC wants. Refused with Fault x509.pem: a block without its END, headers inside a
 * block (encrypted keys have them), anything that is not canonical base64, more than MAX_PEM_CHARACTERS.
 */
import { base64, fromBase64 } from "../base/bytes.ts";
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
	const blocks: PemBlock[] = [];
	let at = text.indexOf(BEGIN);
	while (at >= 0) {
		const labelAt = at + BEGIN.length;
		const labelEnd = text.indexOf(DASHES, labelAt);
		const label = text.slice(labelAt, labelEnd);
		if (labelEnd < 0 || label.length > 64) refuse("BEGIN line without an end");
		const end = `-----END ${label}${DASHES}`;
		const bodyEnd = text.indexOf(end, labelEnd);
		if (bodyEnd < 0) refuse(`${label} has no END line`);
		blocks.push({ label, der: decodeBase64(text.slice(labelEnd + DASHES.length, bodyEnd), label) });
		at = text.indexOf(BEGIN, bodyEnd + end.length);
	}
	return blocks;
}

/** Base64 with white space anywhere. `what` names it in the Fault. */
export function decodeBase64(text: string, what: string): Uint8Array {
	try {
		return fromBase64(text.replace(/[ \t\r\n]/g, ""));
	} catch (thrown) {
		if (text.includes("ENCRYPTED")) refuse(`${what} is encrypted`);
		throw new Fault("x509.pem", `${what} is not base64`, { cause: thrown });
	}
}

function refuse(what: string): never {
	throw new Fault("x509.pem", what);
}
