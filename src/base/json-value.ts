/**
 * One value of a JSON text on its way, byte by byte: found to its end, counted, and kept where its budget allows. See
 * json-reader.ts.
 */
import { utf8Text } from "./bytes.ts";
import type { Names } from "./names.ts";

/** What remains for values that share it. */
export class Budget {
	bytes: number;
	/** Members and items, four for each object and array: about the slots that they take. */
	members: number;
	readonly levels: number;
	readonly names: Names | undefined;

	constructor(bytes: number, members: number, levels: number, names?: Names) {
		this.bytes = bytes;
		this.members = members;
		this.levels = levels;
		this.names = names;
	}
}

/** What JSON's structure is made of. */
export const Byte = /* @__PURE__ */ Object.freeze({
	QUOTE: 0x22,
	COMMA: 0x2c,
	COLON: 0x3a,
	BACKSLASH: 0x5c,
	OPEN_ARRAY: 0x5b,
	CLOSE_ARRAY: 0x5d,
	OPEN_OBJECT: 0x7b,
	CLOSE_OBJECT: 0x7d,
});

const CONTAINER_SLOTS = 4;
/** Names, numbers, most texts. */
const SMALL_BYTES = 512;

/** One value on its way, up to its last byte; scalars without quotes end before the byte that follows. */
export class Value {
	readonly budget: Budget | undefined;
	/** Where the bytes after it begin, once `read` has said that it is over. */
	at = 0;
	fits: boolean;
	readonly #most: number;
	/** Of the names before it. */
	readonly #mark: number;
	#bytes = new Uint8Array(0);
	#length = 0;
	#depth = 0;
	#members = 1;
	#quoted = false;
	#escaped = false;
	#begun = false;
	/** Where the last text lies in #bytes, without its quotes: a colon makes it a name. */
	#textAt = 0;
	#textEnd = 0;

	constructor(budget: Budget | undefined, most: number) {
		this.budget = budget;
		this.#mark = budget?.names?.mark ?? 0;
		this.#most = most;
		this.fits = most > 0;
	}

	/** Whether the value is over; if not, all of `bytes` belongs to it. */
	read(bytes: Uint8Array, start: number): boolean {
		let from = start;
		let at = start;
		let over = false;
		for (; at < bytes.length && !over; at++) {
			if (this.#quoted) {
				at = this.#inText(bytes, at);
				if (at < 0) {
					at = bytes.length;
					break;
				}
				this.#textEnd = this.#length + at - from;
				over = this.#depth === 0;
				continue;
			}
			const byte = bytes[at]!;
			if (byte === Byte.QUOTE) {
				if (this.#begun && this.#depth === 0) return this.#end(bytes, from, at);
				this.#quoted = true;
				this.#textAt = this.#length + at + 1 - from;
			} else if (byte === Byte.OPEN_OBJECT || byte === Byte.OPEN_ARRAY) {
				if (this.#begun && this.#depth === 0) return this.#end(bytes, from, at);
				this.#depth++;
				this.#count(CONTAINER_SLOTS);
				if (this.#depth > (this.budget?.levels ?? 0)) this.#tooLarge();
			} else if (byte === Byte.CLOSE_OBJECT || byte === Byte.CLOSE_ARRAY) {
				if (this.#depth === 0) return this.#end(bytes, from, at);
				over = --this.#depth === 0;
			} else if (this.#depth === 0 && (byte === Byte.COMMA || byte === Byte.COLON || byte <= 0x20)) {
				return this.#end(bytes, from, at);
			} else if (byte === Byte.COMMA) this.#count(1);
			else if (byte === Byte.COLON) {
				this.#keep(bytes.subarray(from, at));
				from = at;
				this.#name();
			}
			this.#begun = true;
		}
		if (over) return this.#end(bytes, from, at);
		this.#keep(bytes.subarray(from, at));
		return false;
	}

	/** The text is over: so is a number, or a word, at its root. */
	end(): boolean {
		return this.#begun && this.#depth === 0 && !this.#quoted;
	}

	text(): string {
		return utf8Text(this.#bytes.subarray(0, this.#length));
	}

	/** Parsed, and paid for. Bytes, text and value are never held all three. */
	take(): unknown {
		this.budget!.bytes -= this.#length;
		this.budget!.members -= this.#members;
		const text = this.text();
		this.#bytes = new Uint8Array(0);
		return parse(text);
	}

	#end(bytes: Uint8Array, from: number, at: number): true {
		this.#keep(bytes.subarray(from, at), true);
		if (!this.#begun) malformed("a value is missing");
		this.at = at;
		return true;
	}

	/** The index of the closing quote, or -1 when it is not there. */
	#inText(bytes: Uint8Array, from: number): number {
		for (let at = from; at < bytes.length; at++) {
			if (this.#escaped) {
				this.#escaped = false;
				continue;
			}
			const byte = bytes[at];
			if (byte === Byte.BACKSLASH) this.#escaped = true;
			else if (byte === Byte.QUOTE) {
				this.#quoted = false;
				return at;
			}
		}
		return -1;
	}

	/** What has been kept last is a name. */
	#name(): void {
		const names = this.budget?.names;
		if (this.fits && names?.admit(this.#bytes.slice(this.#textAt, this.#textEnd)) === false) this.#tooLarge();
	}

	#count(members: number): void {
		this.#members += members;
		if (this.#members > (this.budget?.members ?? 0)) this.#tooLarge();
	}

	#tooLarge(): void {
		if (this.fits) this.budget?.names?.forget(this.#mark);
		this.fits = false;
		this.#bytes = new Uint8Array(0);
	}

	#keep(bytes: Uint8Array, isOver = false): void {
		if (!this.fits) return;
		const length = this.#length + bytes.length;
		if (length > this.#most) {
			this.#tooLarge();
			return;
		}
		if (length > this.#bytes.length) {
			// What goes on and is not small may become anything: doubled again and again it would be held one and a half times.
			const room = isOver ? length : length > SMALL_BYTES / 2 ? this.#most : 2 * length;
			const larger = new Uint8Array(Math.min(this.#most, room));
			larger.set(this.#bytes.subarray(0, this.#length));
			this.#bytes = larger;
		}
		this.#bytes.set(bytes, this.#length);
		this.#length = length;
	}
}

export function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch (thrown) {
		throw new RangeError("JSON: malformed", { cause: thrown });
	}
}

export function malformed(what: string): never {
	throw new RangeError(`JSON: ${what}`);
}
