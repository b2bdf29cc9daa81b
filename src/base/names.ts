/**
 * Which member names of foreign JSON have come to the engine. XS interns every name of an object for ever, so that names that
 * are never the same twice would fill any device; here they are counted, and after so many no new one is let in.
 *
 * Of each name four bytes of a salted hash are kept, in one array made once.
 */
import { sha256 } from "#digest";
import { namesStay } from "#text";
import { concat, utf8 } from "./bytes.ts";

/**
 * A member costs XS slots and its name: so many bytes of what a device holds for each. With half of it, what is kept of a twin of 800
 * members no longer fits beside the session in what the manifest reserves (test/sim/hostile.test.ts).
 */
const BYTES_FOR_MEMBER = 64;
const LEAST_MEMBERS = 32;

/** Of a message, where it may have so many bytes. */
export const mostMembers = (maxMessageBytes: number): number =>
	Math.max(LEAST_MEMBERS, Math.floor(maxMessageBytes / BYTES_FOR_MEMBER));

export class Names {
	readonly #salt: Uint8Array;
	readonly #hashes: Uint32Array;
	/** Of each name the one before it in its chain, then the last of each chain; all from 1 on. A search of all would cost XS more than the rest. */
	readonly #links: Uint16Array;
	readonly #mostBytes: number;
	#count = 0;
	#bytes = 0;

	/** `most`: under 65,536. `salt`: 8 bytes that nobody outside can know, or names could be made to look known. */
	constructor(most: number, mostBytes: number, salt: Uint8Array) {
		this.#hashes = new Uint32Array(most);
		this.#links = new Uint16Array(2 * most);
		this.#mostBytes = mostBytes;
		this.#salt = salt;
	}

	/** As many as a message has members; undefined where the engine lets names go. `random`: uniform in [0, 1). */
	static of(maxMessageBytes: number, random: () => number): Names | undefined {
		if (!namesStay) return undefined;
		const salt = Uint8Array.from({ length: 8 }, () => Math.floor(random() * 256));
		return new Names(mostMembers(maxMessageBytes), Math.floor(maxMessageBytes / 2), salt);
	}

	/** To go back to with `forget`. */
	get mark(): number {
		return this.#count;
	}

	/** Whether the name is known, or has room. */
	admit(name: Uint8Array): boolean {
		const [a, b, c, d] = sha256(concat(this.#salt, name)) as unknown as [number, number, number, number];
		const hash = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
		const last = this.#chainOf(hash);
		for (let at = this.#links[last]!; at > 0; at = this.#links[at - 1]!) if (this.#hashes[at - 1] === hash) return true;
		if (this.#count === this.#hashes.length || this.#bytes + name.length > this.#mostBytes) return false;
		this.#links[this.#count] = this.#links[last]!;
		this.#hashes[this.#count++] = hash;
		this.#links[last] = this.#count;
		this.#bytes += name.length;
		return true;
	}

	/** The same of a text. Of one with half a surrogate pair the bytes do not tell it from others: it is not let in. */
	admitText(name: string): boolean {
		return name.isWellFormed() && this.admit(utf8(name));
	}

	/** Names that came since `mark` were made nothing of. Their bytes stay counted: that errs on the safe side. */
	forget(mark: number): void {
		while (this.#count > mark) {
			this.#count--;
			this.#links[this.#chainOf(this.#hashes[this.#count]!)] = this.#links[this.#count]!;
		}
	}

	#chainOf(hash: number): number {
		const { length } = this.#hashes;
		return length + (hash % length);
	}
}
