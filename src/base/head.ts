/** Where the head of an HTTP message ends (RFC 9112 section 2.1). */

/** The index after CR LF CR LF, or -1; looked for from `from` on. */
export function endOfHead(bytes: Uint8Array, from: number): number {
	for (let at = bytes.indexOf(0x0d, from); at >= 0; at = bytes.indexOf(0x0d, at + 1))
		if (bytes[at + 1] === 0x0a && bytes[at + 2] === 0x0d && bytes[at + 3] === 0x0a) return at + 4;
	return -1;
}
