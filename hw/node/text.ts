/** `#text` on Node: the platform's own encoders. See Text in src/port.ts. */
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
