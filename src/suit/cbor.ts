/**
 * CBOR (RFC 8949), the deterministic subset of section 4.2.1 that SUIT and COSE use: integers, byte and text strings,
 * arrays, maps with integer keys, tags, null. Reader and writer.
 *
 * The reader refuses: indefinite lengths, longer forms than needed, unsorted or repeated keys, other keys than
 * integers, floats and other simple values, integers beyond 2^53, more than 8 levels, more than 64 items (keys count),
 * bytes left over.
 */
import { concat, utf8, utf8Text } from "../base/bytes.ts";
import { Fault } from "../fault.ts";

export type Cbor = number | string | null | Uint8Array | readonly Cbor[] | CborMap | Tagged;
export type CborMap = ReadonlyMap<number, Cbor>;

export class Tagged {
	readonly tag: number;
	readonly value: Cbor;
	constructor(tag: number, value: Cbor) {
		this.tag = tag;
		this.value = value;
	}
}

/** Byte strings are views of `bytes`. Throws Fault ota.format. */
export function decode(bytes: Uint8Array): Cbor {
	const reader = new Reader(bytes);
	const value = reader.value(0);
	if (reader.at !== bytes.length) throw malformed(`${bytes.length - reader.at} bytes left over`);
	return value;
}

export function encode(value: Cbor): Uint8Array {
	if (value === null) return Uint8Array.of(0xf6);
	if (typeof value === "number") return value >= 0 ? head(0, value) : head(1, -1 - value);
	if (typeof value === "string") {
		const text = utf8(value);
		return concat(head(3, text.length), text);
	}
	if (value instanceof Uint8Array) return concat(head(2, value.length), value);
	if (value instanceof Tagged) return concat(head(6, value.tag), encode(value.value));
	if (value instanceof Map) {
		const keys = [...value.keys()].sort((a, b) => order(a) - order(b));
		return concat(head(5, keys.length), ...keys.map((key) => concat(encode(key), encode(value.get(key)))));
	}
	const items = value as readonly Cbor[];
	return concat(head(4, items.length), ...items.map(encode));
}

const MAX_DEPTH = 8;
/** Of a document; the largest that we read has 14. All are built before anybody is asked who has signed. */
const MAX_ITEMS = 64;
/** Keys are registry numbers; the bound keeps `order` exact. */
const MAX_KEY = 0x7fffffff;

/** Smallest argument that may be written with 1, 2, 4 and 8 bytes. */
const SHORTEST = /* @__PURE__ */ Object.freeze([24, 0x100, 0x10000, 0x100000000]);

class Reader {
	at = 0;
	#items = 0;
	readonly #bytes: Uint8Array;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
	}

	value(depth: number): Cbor {
		if (depth > MAX_DEPTH) throw malformed("nested too deeply");
		const initial = this.#byte();
		const argument = this.#argument(initial & 0x1f);
		switch (initial >> 5) {
			case 0:
				return argument;
			case 1:
				return -1 - argument;
			case 2:
				return this.#take(argument);
			case 3:
				return text(this.#take(argument));
			case 4:
				return this.#array(argument, depth);
			case 5:
				return this.#map(argument, depth);
			case 6:
				this.#expect(1);
				return new Tagged(argument, this.value(depth + 1));
			default:
				if (initial !== 0xf6) throw malformed(`type 0x${initial.toString(16)}`);
				return null;
		}
	}

	#array(count: number, depth: number): Cbor[] {
		this.#expect(count);
		const items: Cbor[] = [];
		for (let i = 0; i < count; i++) items.push(this.value(depth + 1));
		return items;
	}

	#map(count: number, depth: number): CborMap {
		this.#expect(2 * count);
		const map = new Map<number, Cbor>();
		let last = -1;
		for (let i = 0; i < count; i++) {
			const key = this.value(depth + 1);
			if (typeof key !== "number" || key > MAX_KEY || key < -MAX_KEY) throw malformed("map key is not a small integer");
			if (order(key) <= last) throw malformed(`map key ${key} repeated or out of order`);
			last = order(key);
			map.set(key, this.value(depth + 1));
		}
		return map;
	}

	/** Before any of them is made. */
	#expect(count: number): void {
		this.#items += count;
		if (this.#items > MAX_ITEMS) throw malformed(`more than ${MAX_ITEMS} items`);
	}

	#argument(info: number): number {
		if (info < 24) return info;
		if (info > 27) throw malformed("indefinite or reserved length");
		let argument = 0;
		for (let n = 1 << (info - 24); n > 0; n--) argument = argument * 256 + this.#byte();
		if (argument >= Number.MAX_SAFE_INTEGER) throw malformed("integer beyond 2^53");
		if (argument < SHORTEST[info - 24]!) throw malformed("longer form than needed");
		return argument;
	}

	#byte(): number {
		const byte = this.#bytes[this.at];
		if (byte === undefined) throw malformed("truncated");
		this.at++;
		return byte;
	}

	#take(length: number): Uint8Array {
		if (length > this.#bytes.length - this.at) throw malformed("truncated");
		this.at += length;
		return this.#bytes.subarray(this.at - length, this.at);
	}
}

function head(major: number, argument: number): Uint8Array {
	const initial = major << 5;
	if (argument < 24) return Uint8Array.of(initial | argument);
	const wide = argument >= 0x100000000 ? 3 : argument >= 0x10000 ? 2 : argument >= 0x100 ? 1 : 0;
	const bytes = new Uint8Array(1 + (1 << wide));
	bytes[0] = initial | (24 + wide);
	for (let i = bytes.length - 1, left = argument; i > 0; i--, left = Math.floor(left / 256)) bytes[i] = left % 256;
	return bytes;
}

/** Bytewise order of the encoded keys: 0, 1, 2 ... then -1, -2, -3 ... */
function order(key: number): number {
	return key >= 0 ? key : MAX_KEY - key;
}

function text(bytes: Uint8Array): string {
	try {
		return utf8Text(bytes);
	} catch {
		throw malformed("text is not UTF-8");
	}
}

function malformed(what: string): Fault {
	return new Fault("ota.format", `cbor: ${what}`);
}
