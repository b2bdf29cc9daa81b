/**
 * `#text` on Moddable: the SDK's native encoders, which take a text in one piece; in ECMAScript it would need twice its size
 * more, and a hundred times the time. See Text in src/base/bound.ts.
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

export const base64 = (bytes: Uint8Array): string => bytes.toBase64();

export function fromBase64(text: string): Uint8Array {
	const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
	const bytes = fromSpacedBase64(text);
	// White space, which the engine passes over, makes it shorter than its length says.
	if (bytes.length !== (text.length / 4) * 3 - padding) throw new RangeError("base64: malformed");
	return bytes;
}

/** The engine passes over white space, a form feed included; to take it out of the text first would cost XS the square of its length. */
export function fromSpacedBase64(text: string): Uint8Array {
	if (text.includes("\f")) throw new RangeError("base64: malformed");
	return decode(() => Uint8Array.fromBase64(text, { lastChunkHandling: "strict" }), "base64");
}

export const hex = (bytes: Uint8Array): string => bytes.toHex();

export const fromHex = (text: string): Uint8Array => decode(() => Uint8Array.fromHex(text), "hex");

function decode(read: () => Uint8Array, what: string): Uint8Array {
	try {
		return read();
	} catch {
		throw new RangeError(`${what}: malformed`);
	}
}

/** Without `mxKeysGarbageCollection`, which no build of the SDK (8.2.3) sets. */
export const namesStay = true;
