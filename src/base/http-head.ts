/**
 * The head of an HTTP/1.1 response (RFC 9112, section 2.1), line by line: of any head there is held one line that matters, in the pieces
 * in which it comes. Header fields that nobody asks for are passed over, however long or many. Refused: lines that are none,
 * fields of ours that are too long or repeated, and more bytes than a server has to say.
 */
import type { Fault } from "../fault.ts";
import { fromUnits } from "./bytes.ts";

export interface HeadOptions {
	/** Fields that are asked for, in small letters, of which repeating one is an attack or a broken proxy. */
	readonly single: readonly string[];
	/** Others that are asked for; of each the last is kept. */
	readonly others: readonly string[];
	readonly mostLineBytes: number;
	/** Whose value may fill such a line; of any other there are 256 bytes. */
	readonly long?: string;
	/** A head that has such a thing. */
	readonly refusal: (what: string) => Fault;
}

/** Bounds every head, informational ones included. */
const MOST_HEAD_BYTES = 8192;
const MOST_NAME_BYTES = 128;
const MOST_VALUE_BYTES = 256;
const NOTHING = /* @__PURE__ */ new Uint8Array(0);
const FIRST_ROOM_BYTES = 128;
const MOST_STATUS_BYTES = 16;
const TAB = 0x09;
const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const COLON = 0x3a;
const DEL = 0x7f;

export class HeadReader {
	/** Of a line that comes in pieces: what has come, and room for more of it. */
	#room: Uint8Array = NOTHING;
	#filled = 0;
	/** The line belongs to a field that nobody asks for. */
	#isIdle = false;
	#bytes = 0;
	readonly #options: HeadOptions;
	readonly #noName: RegExp;
	/** 0 until the first line is there. */
	status = 0;
	isHttp11 = false;
	isDone = false;
	/** By their names in small letters. */
	readonly fields = new Map<string, string>();

	constructor(options: HeadOptions) {
		this.#options = options;
		// Once a head: XS would compile it for each line.
		this.#noName = /[^!#$%&'*+.^_`|~0-9A-Za-z-]/;
	}

	/** Gives where in `bytes` the head ends, or their length while it has not. */
	push(bytes: Uint8Array): number {
		let at = 0;
		while (at < bytes.length && !this.isDone) {
			const found = bytes.indexOf(LF, at);
			const end = found < 0 ? bytes.length : found + 1;
			this.#bytes += end - at;
			if (this.#bytes > MOST_HEAD_BYTES) throw this.#options.refusal(`more than ${MOST_HEAD_BYTES} bytes`);
			this.#line(bytes.subarray(at, end), found >= 0);
			at = end;
		}
		return at;
	}

	/** After an informational answer: another head follows, within the same bound. */
	again(): void {
		this.status = 0;
		this.isDone = false;
		this.fields.clear();
	}

	#line(piece: Uint8Array, isOver: boolean): void {
		if (!this.#isIdle) {
			const line = this.#filled === 0 && isOver ? piece : this.#hold(piece);
			if (isOver) this.#take(line);
			else this.#isIdle = this.#isForNobody(line);
		}
		if (!isOver) return;
		this.#room = NOTHING;
		this.#filled = 0;
		this.#isIdle = false;
	}

	#hold(piece: Uint8Array): Uint8Array {
		const filled = this.#filled + piece.length;
		if (filled > this.#room.length) {
			const { mostLineBytes, refusal } = this.#options;
			if (filled > mostLineBytes) throw refusal(`a line beyond ${mostLineBytes} bytes`);
			const room = Math.max(filled, FIRST_ROOM_BYTES, Math.min(2 * this.#room.length, mostLineBytes));
			const larger = new Uint8Array(room);
			larger.set(this.#room.subarray(0, this.#filled));
			this.#room = larger;
		}
		this.#room.set(piece, this.#filled);
		this.#filled = filled;
		return this.#room.subarray(0, filled);
	}

	/** As soon as its name can be told. */
	#isForNobody(line: Uint8Array): boolean {
		return this.status > 0 && line.includes(COLON) && !this.#isAskedFor(this.#nameOf(line));
	}

	#take(line: Uint8Array): void {
		const { length } = line;
		if (line[length - 2] !== CR) throw this.#malformed();
		if (this.status === 0) this.#takeStatus(line.subarray(0, length - 2));
		else if (length === 2) this.isDone = true;
		else {
			const name = this.#nameOf(line);
			if (this.#isAskedFor(name)) this.#takeField(name, line.subarray(name.length + 1, length - 2));
		}
	}

	#takeStatus(line: Uint8Array): void {
		const first = fromUnits(line.subarray(0, MOST_STATUS_BYTES));
		const [, version, status] = /^HTTP\/1\.([01]) ([1-5][0-9]{2})(?: |$)/.exec(first) ?? [];
		if (status === undefined || !isText(line)) throw this.#options.refusal("no status line of HTTP/1.0 or 1.1");
		this.isHttp11 = version === "1";
		this.status = Number(status);
	}

	#takeField(name: string, value: Uint8Array): void {
		if (this.#options.single.includes(name) && this.fields.has(name)) throw this.#options.refusal(`${name} repeated`);
		if (value.length > MOST_VALUE_BYTES && name !== this.#options.long)
			throw this.#options.refusal(`more than ${MOST_VALUE_BYTES} bytes of ${name}`);
		if (!isText(value)) throw this.#malformed();
		this.fields.set(name, fromUnits(trimmed(value)));
	}

	#nameOf(line: Uint8Array): string {
		const length = line.indexOf(COLON);
		const name = length <= MOST_NAME_BYTES ? fromUnits(line.subarray(0, Math.max(0, length))) : "";
		if (name === "" || this.#noName.test(name)) throw this.#malformed();
		return name.toLowerCase();
	}

	#isAskedFor(name: string): boolean {
		return this.#options.single.includes(name) || this.#options.others.includes(name);
	}

	#malformed(): Fault {
		return this.#options.refusal("a malformed header field");
	}
}

/** Of bytes, not by a pattern: XS's takes C heap for each character that it repeats. */
const isText = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === TAB || (byte >= SPACE && byte !== DEL));

const isBlank = (byte: number | undefined): boolean => byte === SPACE || byte === TAB;

/** A field's value without the blanks around it (RFC 9112 section 5). */
function trimmed(bytes: Uint8Array): Uint8Array {
	let [at, end] = [0, bytes.length];
	while (isBlank(bytes[at])) at++;
	while (end > at && isBlank(bytes[end - 1])) end--;
	return bytes.subarray(at, end);
}
