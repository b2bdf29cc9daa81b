/**
 * DER, the distinguished encoding rules (ITU-T X.690 sections 8, 10, 11): a strict reader and a writer.
 *
 * The reader copies nothing: what it returns are views of the input. It refuses, with Fault x509.der: indefinite and
 * non-minimal lengths, tags above 30, non-minimal integers and object identifiers, booleans other than 00 and FF,
 * input over MAX_DER_BYTES, nesting over MAX_DEPTH, and bytes that are left over inside or after an element.
 */
import { concat, utf8 } from "../base/bytes.ts";
import { Fault } from "../fault.ts";
import { readTime } from "./time.ts";

/** More than the longest certificate seen (a few KB), less than what hurts a microcontroller for long. */
export const MAX_DER_BYTES = 0x10000;
/** A certificate nests 8 deep. */
const MAX_DEPTH = 12;
/** Object identifiers in use have at most 20 arcs or so; each of ours fits a 53-bit number. A text has four times as many characters. */
const MAX_OID_BYTES = 40;

export const Tag = {
	BOOLEAN: 0x01,
	INTEGER: 0x02,
	BIT_STRING: 0x03,
	OCTET_STRING: 0x04,
	NULL: 0x05,
	OID: 0x06,
	UTF8_STRING: 0x0c,
	PRINTABLE_STRING: 0x13,
	TELETEX_STRING: 0x14,
	IA5_STRING: 0x16,
	UTC_TIME: 0x17,
	GENERALIZED_TIME: 0x18,
	BMP_STRING: 0x1e,
	SEQUENCE: 0x30,
	SET: 0x31,
} as const;

/** Tag of a context-specific, constructed element [number]. */
export const context = (number: number): number => 0xa0 | number;
/** Tag of a context-specific, primitive element [number]. */
export const contextPrimitive = (number: number): number => 0x80 | number;

/** Reads one element that fills `bytes` wholly. */
export function readDer<T>(bytes: Uint8Array, read: (reader: DerReader) => T): T {
	if (bytes.length > MAX_DER_BYTES) refuse(0, `${bytes.length} bytes, the limit is ${MAX_DER_BYTES}`);
	const reader = new DerReader(bytes, 0);
	const value = read(reader);
	reader.end();
	return value;
}

export class DerReader {
	readonly #bytes: Uint8Array;
	readonly #depth: number;
	#at = 0;

	constructor(bytes: Uint8Array, depth: number) {
		if (depth > MAX_DEPTH) refuse(0, `nested deeper than ${MAX_DEPTH}`);
		this.#bytes = bytes;
		this.#depth = depth;
	}

	/** The next element's tag; undefined when nothing is left. */
	get tag(): number | undefined {
		return this.#bytes[this.#at];
	}

	end(): void {
		if (this.#at !== this.#bytes.length) refuse(this.#at, `${this.#bytes.length - this.#at} bytes left over`);
	}

	/** The content of the next element, which must have this tag. */
	content(tag: number): Uint8Array {
		const start = this.#at;
		if (this.tag !== tag) refuse(start, `expected tag ${byteText(tag)}, found ${byteText(this.tag)}`);
		if ((tag & 0x1f) === 0x1f) refuse(start, "tag above 30");
		const [headerBytes, length] = readLength(this.#bytes, start);
		const from = start + headerBytes;
		if (length > this.#bytes.length - from) refuse(start, `element of ${length} bytes is cut short`);
		this.#at = from + length;
		return this.#bytes.subarray(from, this.#at);
	}

	/** The next element, whatever it is (or with this tag), header included. */
	element(tag: number | undefined = this.tag): Uint8Array {
		const start = this.#at;
		this.content(tag ?? Tag.NULL);
		return this.#bytes.subarray(start, this.#at);
	}

	/** Reads inside a constructed element; `read` must use it up. */
	inside<T>(tag: number, read: (inner: DerReader) => T): T {
		const inner = new DerReader(this.content(tag), this.#depth + 1);
		const value = read(inner);
		inner.end();
		return value;
	}

	/** The same for an element that may be absent. */
	optional<T>(tag: number, read: (inner: DerReader) => T): T | undefined {
		return this.tag === tag ? this.inside(tag, read) : undefined;
	}

	/** SEQUENCE OF or SET OF. */
	each(tag: number, read: (inner: DerReader) => void): void {
		this.inside(tag, (inner) => {
			while (inner.tag !== undefined) read(inner);
		});
	}

	boolean(): boolean {
		const content = this.content(Tag.BOOLEAN);
		const value = content[0];
		if (content.length !== 1 || (value !== 0 && value !== 0xff)) refuse(this.#at, "boolean is neither 00 nor FF");
		return value === 0xff;
	}

	/** Two's complement, minimal. */
	integer(): Uint8Array {
		const content = this.content(Tag.INTEGER);
		if (content.length === 0) refuse(this.#at, "integer without content");
		const sign = content[0]! === 0 ? 0 : content[0]! === 0xff ? 0x80 : undefined;
		if (content.length > 1 && sign !== undefined && (content[1]! & 0x80) === sign)
			refuse(this.#at, "integer is not minimal");
		return content;
	}

	/** Magnitude of an integer that is not negative, without leading zero. */
	unsigned(): Uint8Array {
		const content = this.integer();
		if (content[0]! & 0x80) refuse(this.#at, "integer is negative");
		return content.length > 1 && content[0] === 0 ? content.subarray(1) : content;
	}

	/** An integer of 0..65535: versions, path lengths. */
	smallInteger(): number {
		const content = this.unsigned();
		if (content.length > 2) refuse(this.#at, "integer above 65535");
		return content.length === 1 ? content[0]! : (content[0]! << 8) | content[1]!;
	}

	/** Dotted decimal. */
	oid(): string {
		const content = this.content(Tag.OID);
		const last = content[content.length - 1];
		if (last === undefined || last & 0x80) refuse(this.#at, "object identifier is cut short");
		if (content.length > MAX_OID_BYTES) refuse(this.#at, "object identifier is too long");
		let text = "";
		let arc = 0;
		let fresh = true;
		for (const byte of content) {
			if (fresh && byte === 0x80) refuse(this.#at, "object identifier is not minimal");
			arc = arc * 128 + (byte & 0x7f);
			if (arc > Number.MAX_SAFE_INTEGER) refuse(this.#at, "object identifier arc above 2^53");
			fresh = byte < 0x80;
			if (!fresh) continue;
			const root = Math.min(2, Math.floor(arc / 40));
			text += text === "" ? `${root}.${arc - 40 * root}` : `.${arc}`;
			arc = 0;
		}
		return text;
	}

	/** A bit string of whole bytes: keys, signatures. */
	octetsOfBits(): Uint8Array {
		const { bytes, unused } = this.bits();
		if (unused !== 0) refuse(this.#at, "bit string is not a whole number of bytes");
		return bytes;
	}

	bits(): { bytes: Uint8Array; unused: number } {
		const content = this.content(Tag.BIT_STRING);
		const unused = content[0] ?? 8;
		const last = content[content.length - 1]!;
		if (unused > 7 || (unused > 0 && content.length === 1) || (unused > 0 && last & ((1 << unused) - 1)))
			refuse(this.#at, "bit string has bad padding");
		return { bytes: content.subarray(1), unused };
	}

	/** UTCTime or GeneralizedTime in the one form of RFC 5280 section 4.1.2.5 (seconds, Z); ms since 1970. */
	time(): number {
		const general = this.tag === Tag.GENERALIZED_TIME;
		return readTime(this.content(general ? Tag.GENERALIZED_TIME : Tag.UTC_TIME), general ? 4 : 2);
	}
}

/** One element: tag, shortest length, content. */
export function element(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
	const content = concat(...contents);
	const length = content.length;
	if (length < 0x80) return concat(Uint8Array.of(tag, length), content);
	if (length < 0x100) return concat(Uint8Array.of(tag, 0x81, length), content);
	if (length < 0x10000) return concat(Uint8Array.of(tag, 0x82, length >> 8, length & 0xff), content);
	return refuse(0, `content of ${length} bytes, the limit is ${MAX_DER_BYTES}`);
}

export const sequence = (...elements: readonly Uint8Array[]): Uint8Array => element(Tag.SEQUENCE, ...elements);
export const octetString = (bytes: Uint8Array): Uint8Array => element(Tag.OCTET_STRING, bytes);
export const bitString = (bytes: Uint8Array): Uint8Array => element(Tag.BIT_STRING, Uint8Array.of(0), bytes);
export const utf8String = (text: string): Uint8Array => element(Tag.UTF8_STRING, utf8(text));
/** 0..127. */
export const smallInteger = (value: number): Uint8Array => element(Tag.INTEGER, Uint8Array.of(value));

/** From dotted decimal. */
export function oid(dotted: string): Uint8Array {
	const [root, second, ...rest] = dotted.split(".").map(Number);
	const content: number[] = [];
	for (const arc of [root! * 40 + second!, ...rest]) {
		const septets = [arc & 0x7f];
		for (let left = arc >>> 7; left > 0; left >>>= 7) septets.unshift(0x80 | (left & 0x7f));
		content.push(...septets);
	}
	return element(Tag.OID, Uint8Array.from(content));
}

/** Header bytes and content length of the element at `at`. */
function readLength(bytes: Uint8Array, at: number): readonly [number, number] {
	const first = bytes[at + 1];
	if (first === undefined) return refuse(at, "element without a length");
	if (first < 0x80) return [2, first];
	const count = first & 0x7f;
	if (count === 0) return refuse(at, "indefinite length");
	if (count > 3) return refuse(at, "length of more than 3 bytes");
	let length = 0;
	for (let i = 0; i < count; i++) length = (length << 8) | (bytes[at + 2 + i] ?? refuse(at, "length is cut short"));
	if (length < 0x80 || length >> (8 * (count - 1)) === 0) return refuse(at, "length is not minimal");
	return [2 + count, length];
}

const byteText = (byte: number | undefined): string => (byte === undefined ? "nothing" : `0x${byte.toString(16)}`);

function refuse(at: number, what: string): never {
	throw new Fault("x509.der", `${what} (at byte ${at} of the enclosing element)`);
}
