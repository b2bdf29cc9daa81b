/**
 * JSON (RFC 8259) as a stream, in bounded memory: of a text of any size and shape only what is asked for is made.
 *
 * Each value's path is put to `choose`: pass over it, enter it (an object or an array, whose members are put in turn), keep it whole
 * within a budget of bytes, members and levels, or, of a text, hand it on as it comes. Nothing is made of the rest, not even its member names, which XS
 * would intern for ever: who enters an object asks for its members by name, or has a budget that counts names. What is kept is counted first and parsed
 * natively then; what does not fit is left out whole and named in `cut`. What is passed over is judged by its brackets and quotes only.
 * Malformed: RangeError.
 */
import { Budget, Byte, malformed, parse, Value } from "./json-value.ts";
import { StreamedText, type TextSink } from "./streamed-text.ts";

/** A sink is for a text only. "whole": entered, and left out itself where one of its members did not fit. */
export type Choice = "skip" | "enter" | "whole" | Budget | TextSink;
/** "other": a number, or a word. */
export type Kind = "text" | "object" | "array" | "other";
/** `path`: names and indices from the root, which is []. */
export type Choose = (path: readonly string[], kind: Kind) => Choice;

type Container = Record<string, unknown>;

/** An entered object or array. */
interface Entered {
	readonly made: Container | unknown[];
	/** Undefined: an object. */
	index: number | undefined;
	awaits: "first" | "name" | "colon" | "value" | "comma";
	/** Undefined where it stays whatever its members are; else whether one of them did not fit. */
	isCut: boolean | undefined;
}

/** Longer names are nobody's. */
const MOST_NAME_BYTES = 512;
/** In their place. */
const TOO_LONG = "(a name that is too long)";
/** Entered within each other. */
const MOST_ENTERED = 8;
const MOST_CUT = 4;

export class JsonReader {
	readonly #choose: Choose;
	readonly #path: string[] = [];
	readonly #entered: Entered[] = [];
	/** Of what did not fit: the first few paths. */
	readonly cut: string[] = [];
	#cutCount = 0;
	/** The value that is being read: kept, passed over (no budget), or a name (no budget, kept). */
	#value: Value | StreamedText | undefined;
	#result: unknown;
	#done = false;
	/** The name before the value was not too long to be read. */
	#isNamed = true;

	constructor(choose: Choose) {
		this.#choose = choose;
	}

	/** How many values did not fit. */
	get cutCount(): number {
		return this.#cutCount;
	}

	push(bytes: Uint8Array): void {
		for (let at = 0; at < bytes.length; ) {
			if (this.#value === undefined) at = this.#between(bytes, at);
			else if (this.#value.read(bytes, at)) at = this.#finish(this.#value);
			else return;
		}
	}

	/** The text is over: what was made of it; undefined where the root was passed over or did not fit. */
	end(): unknown {
		// A number at the root ends with the text.
		if (this.#value?.end()) this.#finish(this.#value);
		if (!this.#done) malformed("cut short");
		return this.#result;
	}

	/** Outside of a value that is read by itself; gives where to go on. */
	#between(bytes: Uint8Array, at: number): number {
		const byte = bytes[at]!;
		if (byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d) return at + 1;
		const top = this.#entered.at(-1);
		if (this.#done) malformed("more after the end");
		if (top === undefined) return this.#begin(byte, at);
		const { awaits } = top;
		const isArray = top.index !== undefined;
		if (awaits !== "colon" && awaits !== "value" && byte === (isArray ? Byte.CLOSE_ARRAY : Byte.CLOSE_OBJECT)) {
			if (awaits === "name") malformed("a comma before the end");
			this.#leave();
			return at + 1;
		}
		if (awaits === "comma" && byte === Byte.COMMA) {
			if (isArray) this.#path[this.#path.length - 1] = String(++top.index!);
			top.awaits = isArray ? "value" : "name";
			return at + 1;
		}
		if (awaits === "colon" && byte === Byte.COLON) {
			top.awaits = "value";
			return at + 1;
		}
		if (awaits === "value" || (awaits === "first" && isArray)) return this.#begin(byte, at);
		if ((awaits === "first" || awaits === "name") && byte === Byte.QUOTE) {
			this.#value = new Value(undefined, MOST_NAME_BYTES);
			return at;
		}
		return malformed("a character out of place");
	}

	/** A value begins with this byte. */
	#begin(byte: number, at: number): number {
		if (!this.#isNamed) this.#noteCut();
		const kind = kindOf(byte);
		const choice = this.#isNamed ? this.#choose(this.#path, kind) : "skip";
		this.#isNamed = true;
		const isEntered = choice === "enter" || choice === "whole";
		if (isEntered && (kind === "object" || kind === "array") && this.#entered.length < MOST_ENTERED) {
			const isCut = choice === "whole" ? false : undefined;
			const [made, index] = kind === "array" ? [[], 0] : [{}, undefined];
			this.#entered.push({ made, index, awaits: "first", isCut });
			this.#path.push(kind === "array" ? "0" : "");
			return at + 1;
		}
		if (choice === "skip" || isEntered) this.#value = new Value(undefined, 0);
		else if (!(choice instanceof Budget)) this.#value = new StreamedText(choice);
		else this.#value = new Value(choice, this.#admits(choice) ? choice.bytes - this.#nameBytes : 0);
		return at;
	}

	/** The value's own name, where it becomes a member's of what is made. */
	get #name(): string | undefined {
		return this.#entered.at(-1)?.index === undefined ? this.#path.at(-1) : undefined;
	}

	get #nameBytes(): number {
		return this.#name?.length ?? 0;
	}

	#admits({ members, names }: Budget): boolean {
		const name = this.#name;
		return members > 0 && (name === undefined || names === undefined || names.admitText(name));
	}

	/** A value or a name is over; gives where the bytes after it begin. */
	#finish(value: Value | StreamedText): number {
		this.#value = undefined;
		if (value instanceof StreamedText) {
			this.#made(value.sink.end());
			return value.at;
		}
		const top = this.#entered.at(-1);
		const isName = top !== undefined && top.index === undefined && (top.awaits === "first" || top.awaits === "name");
		if (isName) {
			this.#path[this.#path.length - 1] = value.fits ? String(parse(value.text())) : TOO_LONG;
			this.#isNamed = value.fits;
			top.awaits = "colon";
			return value.at;
		}
		if (value.budget === undefined) this.#made(undefined);
		else if (value.fits) {
			value.budget.bytes -= this.#nameBytes;
			this.#made(value.take());
		} else {
			if (top?.isCut === undefined) this.#noteCut();
			else top.isCut = true;
			this.#made(undefined);
		}
		return value.at;
	}

	#noteCut(): void {
		this.#cutCount++;
		if (this.cut.length < MOST_CUT) this.cut.push(this.#path.join(".").slice(0, 64));
	}

	#made(value: unknown): void {
		const top = this.#entered.at(-1);
		if (top === undefined) {
			this.#result = value;
			this.#done = true;
			return;
		}
		top.awaits = "comma";
		if (value === undefined) return;
		if (Array.isArray(top.made)) top.made.push(value);
		else
			Object.defineProperty(top.made, this.#path.at(-1)!, {
				value,
				configurable: true,
				enumerable: true,
				writable: true,
			});
	}

	#leave(): void {
		const { made, isCut } = this.#entered.pop()!;
		this.#path.pop();
		if (isCut) this.#noteCut();
		this.#made(isCut ? undefined : made);
	}
}

function kindOf(byte: number): Kind {
	if (byte === Byte.QUOTE) return "text";
	return byte === Byte.OPEN_OBJECT ? "object" : byte === Byte.OPEN_ARRAY ? "array" : "other";
}
