/**
 * Bytes to text and back: UTF-8 (RFC 3629), hex, base64 (RFC 4648 section 4, padded), and two helpers on arrays.
 *
 * UTF-8 is the platform's. XS has no atob or Buffer, so the rest is plain ECMAScript. Decoders are strict: they throw
 * RangeError on anything but canonical input, and the rooms turn that into their own Fault.
 */
export { utf8, utf8Text } from "#text";

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

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

export function hex(bytes: Uint8Array): string {
	let text = "";
	for (const byte of bytes) text += (byte < 16 ? "0" : "") + byte.toString(16);
	return text;
}

export function fromHex(text: string): Uint8Array {
	if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) throw new RangeError("hex: malformed");
	const bytes = new Uint8Array(text.length / 2);
	for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
	return bytes;
}

export function base64(bytes: Uint8Array): string {
	let text = "";
	for (let i = 0; i < bytes.length; i += 3) {
		const left = bytes.length - i;
		const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
		text += BASE64[group >> 18]! + BASE64[(group >> 12) & 63]!;
		text += left > 1 ? BASE64[(group >> 6) & 63]! : "=";
		text += left > 2 ? BASE64[group & 63]! : "=";
	}
	return text;
}

/** Throws RangeError on missing padding, foreign characters, white space or non-zero trailing bits. */
export function fromBase64(text: string): Uint8Array {
	const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
	if (text.length % 4 !== 0) throw new RangeError("base64: malformed");
	const bytes = new Uint8Array((text.length / 4) * 3 - padding);
	let at = 0;
	let bits = 0;
	let held = 0;
	for (let i = 0; i < text.length - padding; i++) {
		const value = sextet(text.charCodeAt(i));
		held = ((held << 6) | value) & 0xffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			bytes[at++] = (held >> bits) & 0xff;
		}
	}
	if ((held & ((1 << bits) - 1)) !== 0) throw new RangeError("base64: trailing bits");
	return bytes;
}

function sextet(c: number): number {
	if (c >= 0x41 && c <= 0x5a) return c - 0x41;
	if (c >= 0x61 && c <= 0x7a) return c - 0x61 + 26;
	if (c >= 0x30 && c <= 0x39) return c - 0x30 + 52;
	if (c === 0x2b) return 62;
	if (c === 0x2f) return 63;
	throw new RangeError("base64: malformed");
}
