/** `#text` on Node: the platform's own encoders. See Text in src/base/bound.ts. */
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const utf8 = (text: string): Uint8Array => encoder.encode(text);

export function utf8Text(bytes: Uint8Array): string {
	try {
		return decoder.decode(bytes);
	} catch {
		throw new RangeError("utf-8: malformed");
	}
}

/** The same memory, as Node's kind of array. */
const view = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

export const base64 = (bytes: Uint8Array): string => view(bytes).toString("base64");

export function fromBase64(text: string): Uint8Array {
	const bytes = Buffer.from(text, "base64");
	// Buffer passes over what it does not know: canonical is only what comes out again.
	if (bytes.toString("base64") !== text) throw new RangeError("base64: malformed");
	return new Uint8Array(bytes);
}

export const fromSpacedBase64 = (text: string): Uint8Array => fromBase64(text.replace(/[ \t\r\n]/g, ""));

export const hex = (bytes: Uint8Array): string => view(bytes).toString("hex");

export function fromHex(text: string): Uint8Array {
	const bytes = Buffer.from(text, "hex");
	if (bytes.length * 2 !== text.length) throw new RangeError("hex: malformed");
	return new Uint8Array(bytes);
}

export const namesStay = false;
