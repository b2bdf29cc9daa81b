/** Looks for private keys where none may be: in logs, in Faults, on the wire. As bytes, hexadecimal and base64. */

/** The youngest keys; older ones are gone from the device. */
const MOST_KEYS = 4;
/** Enough of a form to be no coincidence; base64 without the characters that depend on what stands around the key. */
const NEEDLE = { bytes: 12, hex: 20, base64: [2, 22] } as const;

export class Secrets {
	/** By hexadecimal text. */
	readonly #needles = new Map<string, readonly Buffer[]>();

	add(secret: Uint8Array): void {
		const bytes = Buffer.from(secret);
		const name = bytes.toString("hex");
		if (this.#needles.has(name)) return;
		// In base64, a key may begin at any of three places of a group.
		const shifted = [0, 1, 2].map((shift) =>
			Buffer.from(
				Buffer.concat([Buffer.alloc(shift), bytes])
					.toString("base64")
					.slice(...NEEDLE.base64),
			),
		);
		const hexadecimal = name.slice(0, NEEDLE.hex);
		const texts = [hexadecimal, hexadecimal.toUpperCase()].map((text) => Buffer.from(text));
		this.#needles.set(name, [bytes.subarray(0, NEEDLE.bytes), ...texts, ...shifted]);
		const oldest = [...this.#needles.keys()][1];
		// The first is the onboarding key, which stays.
		if (this.#needles.size > MOST_KEYS && oldest !== undefined) this.#needles.delete(oldest);
	}

	isIn(haystack: Uint8Array | string): boolean {
		const bytes =
			typeof haystack === "string"
				? Buffer.from(haystack)
				: Buffer.from(haystack.buffer, haystack.byteOffset, haystack.length);
		for (const needles of this.#needles.values()) if (needles.some((needle) => bytes.includes(needle))) return true;
		return false;
	}
}
