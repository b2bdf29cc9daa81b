/** A text of a JSON value (RFC 8259, section 7) on its way, handed on in pieces without its escapes. See json-reader.ts. */
import { fromHex } from "./bytes.ts";
import { Byte, malformed } from "./json-value.ts";

/** Where a text goes, in place of being made: what `end` gives stands for it in what is read. */
export interface TextSink {
	/** UTF-8; a view. A character above ASCII that is written as an escape comes as a byte that is no UTF-8. */
	push(bytes: Uint8Array): void;
	end(): unknown;
}

/** Searched at a time: a text with an escape in each line would else be searched to its end for each. */
const WINDOW = 256;
/** What stands behind a backslash, and for what. */
const ESCAPES = '"\\/bfnrt';
const MEANT = /* @__PURE__ */ Object.freeze([0x22, 0x5c, 0x2f, 0x08, 0x0c, 0x0a, 0x0d, 0x09]);
const CODE_DIGITS = 4;
const FOREIGN = 0xff;

export class StreamedText {
	readonly sink: TextSink;
	/** Where the bytes after it begin, once `read` has said that it is over. */
	at = 0;
	#begun = false;
	/** Of an escape: what has come behind the backslash. */
	#escape: string | undefined;

	constructor(sink: TextSink) {
		this.sink = sink;
	}

	/** As Value.read; the first byte is the opening quote. */
	read(bytes: Uint8Array, start: number): boolean {
		let at = start;
		if (!this.#begun) at++;
		this.#begun = true;
		while (at < bytes.length) {
			if (this.#escape !== undefined) {
				this.#inEscape(String.fromCharCode(bytes[at++]!));
				continue;
			}
			const window = bytes.subarray(at, at + WINDOW);
			const quote = window.indexOf(Byte.QUOTE);
			const before = quote < 0 ? window : window.subarray(0, quote);
			const backslash = before.indexOf(Byte.BACKSLASH);
			const piece = backslash < 0 ? before : before.subarray(0, backslash);
			if (piece.length > 0) this.sink.push(piece);
			at += piece.length;
			if (backslash >= 0) {
				this.#escape = "";
				at++;
			} else if (quote >= 0) {
				this.at = at + 1;
				return true;
			}
		}
		return false;
	}

	/** The text of JSON is over within it. */
	end(): boolean {
		return false;
	}

	#inEscape(character: string): void {
		const code = this.#escape! + character;
		this.#escape = undefined;
		if (code.startsWith("u")) {
			if (code.length <= CODE_DIGITS) this.#escape = code;
			else this.#put(codeOf(code.slice(1)));
		} else this.#put(MEANT[ESCAPES.indexOf(code)] ?? malformed("an escape that is none"));
	}

	#put(byte: number): void {
		this.sink.push(Uint8Array.of(byte));
	}
}

function codeOf(digits: string): number {
	const [high = 0, low = 0] = fromHex(digits);
	return high > 0 || low > 0x7f ? FOREIGN : low;
}
