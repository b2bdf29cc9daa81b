/** Looks for private keys where none may be: in logs, in Faults, on the wire. As bytes, hexadecimal and base64. */

/** The youngest keys; older ones are gone from the device. */
const MOST_KEYS = 4;
/** Enough of a form to be no coincidence; base64 without the characters that depend on what stands around the key. */
const NEEDLE = { bytes: 12, hex: 20, base64: [2, 22] } as const;

/** What any text form of a key needs; most of what is looked at has nothing like it. */
const TEXT = /[0-9A-Za-z+/]{20}/;

export class Secrets {
	/** By hexadecimal text. */
	readonly #needles = new Map<string, { readonly raw: string; readonly texts: readonly string[] }>();

	add(secret: Uint8Array): void {
		const bytes = Buffer.from(secret);
		const name = bytes.toString("hex");
		if (this.#needles.has(name)) return;
		// In base64, a key may begin at any of three places of a group.
		const shifted = [0, 1, 2].map((shift) =>
			Buffer.concat([Buffer.alloc(shift), bytes])
				.toString("base64")
				.slice(...NEEDLE.base64),
		);
		const hexadecimal = name.slice(0, NEEDLE.hex);
		const texts = [hexadecimal, hexadecimal.toUpperCase(), ...shifted];
		this.#needles.set(name, { raw: bytes.toString("latin1", 0, NEEDLE.bytes), texts });
		const oldest = [...this.#needles.keys()][1];
		// The first is the onboarding key, which stays.
		if (this.#needles.size > MOST_KEYS && oldest !== undefined) this.#needles.delete(oldest);
	}

	/** `haystack`: of bytes, one character each. */
	isIn(haystack: string): boolean {
		const readable = TEXT.test(haystack);
		for (const { raw, texts } of this.#needles.values())
			if (haystack.includes(raw) || (readable && texts.some((text) => haystack.includes(text)))) return true;
		return false;
	}
}
