/**
 * Bytes to text and back: UTF-8 (RFC 3629), hex, base64 (RFC 4648 section 4, padded), and two helpers on arrays.
 *
 * All of it is the platform's own native code: a loop over bytes is dear on XS. Decoders are strict: they throw RangeError on
 * anything but canonical input, and the rooms turn that into their own Fault.
 */
export { base64, fromBase64, fromHex, fromSpacedBase64, hex, utf8, utf8Text } from "#text";

/** XS puts texts together by copying both, and arguments on a stack that is short. */
const PIECE = 64;

/** UTF-16; of bytes ISO 8859-1. */
export function fromUnits(units: Uint8Array | Uint16Array): string {
	let text = "";
	for (let at = 0; at < units.length; at += PIECE) text += String.fromCharCode(...units.subarray(at, at + PIECE));
	return text;
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
	let length = 0;
	for (const part of parts) length += part.length;
	const all = new Uint8Array(length);
	let at = 0;
	for (const part of parts) {
		all.set(part, at);
		at += part.length;
	}
	return all;
}

/** Not constant time in the length, constant in the content. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
	if (a.length !== b.length) return false;
	let difference = 0;
	for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
	return difference === 0;
}
