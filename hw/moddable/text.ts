/**
 * `#text` on Moddable: the SDK's native encoders, which take a text in one piece; in ECMAScript it would need twice its size
 * more, and a hundred times the time. See Text in src/port.ts.
 */
import TextDecoder from "text/decoder";
import TextEncoder from "text/encoder";

/** The SDK's encoder would let lone surrogates pass. */
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text.toWellFormed());

export function utf8Text(bytes: Uint8Array): string {
	try {
		if (brokenAfter(0xed, bytes) || brokenAfter(0xf4, bytes)) throw new RangeError();
		return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
	} catch {
		throw new RangeError("utf-8: malformed");
	}
}

/** The one thing that the SDK's decoder (8.2.3) fails to see: after these two it looks at the next byte's upper bound only. */
function brokenAfter(lead: number, bytes: Uint8Array): boolean {
	for (let i = bytes.indexOf(lead); i >= 0; i = bytes.indexOf(lead, i + 1)) if (!(bytes[i + 1]! >= 0x80)) return true;
	return false;
}
