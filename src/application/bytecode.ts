/**
 * A walk over XS bytecode as the engine's own (fxMapperMapIDs): it steps by a table of sizes and trusts what it meets, past the end of
 * a module, of the indexes and of the archive. Whether the instructions make sense is not looked at.
 */

/** The identifier of XS, in bytes. */
const IDENTIFIER_BYTES = 2;

export class CodeWalk {
	readonly #sizes: Int8Array;
	/** Of the instruction that has begun: bytes of its length, what has come of that length, bytes to go over. */
	#lengthLeft = 0;
	#length = 0;
	#lengthBits = 0;
	#skip = 0;
	/** Met so far; the engine takes an index of MAPS for each. */
	identifiers = 0;

	/** `sizes`: by opcode, bytes of the instruction; 0: an identifier follows; -1, -2: that many bytes of a length, and what it counts. */
	constructor(sizes: Int8Array) {
		this.#sizes = sizes;
	}

	/** Gives what is wrong with the next bytes: then there is no going on. */
	read(bytes: Uint8Array): string | undefined {
		for (let at = 0; at < bytes.length; ) {
			if (this.#skip > 0) {
				const part = Math.min(this.#skip, bytes.length - at);
				this.#skip -= part;
				at += part;
			} else if (this.#lengthLeft > 0) this.#readLength(bytes[at++]!);
			else {
				const problem = this.#begin(bytes[at++]!);
				if (problem !== undefined) return problem;
			}
		}
		return undefined;
	}

	/** No instruction has begun and not ended. */
	get isBetween(): boolean {
		return this.#skip === 0 && this.#lengthLeft === 0;
	}

	#readLength(byte: number): void {
		this.#length |= byte << this.#lengthBits;
		this.#lengthBits += 8;
		if (--this.#lengthLeft === 0) this.#skip = this.#length;
	}

	#begin(opcode: number): string | undefined {
		const size = this.#sizes[opcode];
		if (size === undefined) return `instruction ${opcode}, which XS does not have`;
		// The engine does not go over these: it takes their text for instructions.
		if (size < -2) return "a string of 64 KB or more";
		if (size > 0) this.#skip = size - 1;
		else if (size === 0) {
			this.identifiers++;
			this.#skip = IDENTIFIER_BYTES;
		} else {
			this.#lengthLeft = -size;
			this.#length = 0;
			this.#lengthBits = 0;
		}
		return undefined;
	}
}
