/**
 * What is bound by module name at build time, beside the ports: `#digest` and `#entropy`, because noble's objects freeze when
 * the ROM image is linked and the platform's TLS asks for a signature in the middle of building a packet; and `#text`, which
 * is the same everywhere and native wherever it runs.
 */

/** The shape of the module `#digest`: node:crypto on Node, the SDK's native `crypt` on XS. */
export interface Digest {
	sha256(bytes: Uint8Array): Uint8Array;
	sha384(bytes: Uint8Array): Uint8Array;
	hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array;
	hmacSha384(key: Uint8Array, bytes: Uint8Array): Uint8Array;
	/** Streaming SHA-256, for images that do not fit into RAM. */
	createSha256(): { write(bytes: Uint8Array): void; close(): Uint8Array };
}

/** The shape of the module `#text`: UTF-8, base64 (RFC 4648 section 4) and hex by what each platform has natively. */
export interface Text {
	/** Lone surrogates become U+FFFD. */
	utf8(text: string): Uint8Array;
	/** Throws RangeError on overlong forms, surrogates, values over U+10FFFF and truncation; keeps a byte order mark. */
	utf8Text(bytes: Uint8Array): string;
	/** Padded. */
	base64(bytes: Uint8Array): string;
	/** Throws RangeError on missing padding, foreign characters, white space or non-zero trailing bits. */
	fromBase64(text: string): Uint8Array;
	/** The same with blanks, tabs and line ends anywhere. */
	fromSpacedBase64(text: string): Uint8Array;
	/** Whether the engine keeps every member name of an object for ever, as XS does. */
	readonly namesStay: boolean;
	/** Lower case. */
	hex(bytes: Uint8Array): string;
	/** Either case. Throws RangeError on an odd number of digits and on foreign characters. */
	fromHex(text: string): Uint8Array;
}
