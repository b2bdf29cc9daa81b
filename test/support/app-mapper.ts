/**
 * What fxMapArchive of the SDK does to an archive, sector by sector and in its order: identifiers first, the code after them.
 * An archive whose identifiers are right is taken for mapped, whatever its code is.
 *
 * Its bytecode is simpler: 0xff is followed by an identifier of two bytes, anything else stands alone.
 */
import { equal, utf8 } from "../../src/base/bytes.ts";
import { SECTOR_BYTES } from "../../src/update/writer.ts";
import { headers } from "./archives.ts";

/** The opcode before an identifier. */
export const IDENTIFIER = 0xff;
export const CODE_SIZES = new Int8Array(256).fill(1).fill(0, IDENTIFIER);

/** The whole archive as that firmware runs it: made at once, not in sectors. */
export function mapped(archive: Uint8Array, firmware: number): Uint8Array {
	const bytes = archive.slice();
	const view = new DataView(bytes.buffer);
	const contents = (type: string): { from: number; to: number }[] =>
		headers(archive)
			.filter((at) => equal(archive.subarray(at + 4, at + 8), utf8(type)))
			.map((at) => ({ from: at + 8, to: at + view.getUint32(at) }));
	const [iden] = contents("IDEN");
	for (let at = iden!.from, symbol = 0; at < iden!.to; at += 2)
		view.setUint16(at, identifier(firmware, symbol++), true);
	let map = contents("MAPS")[0]!.from;
	for (const { from, to } of contents("CODE"))
		for (let at = from; at < to; at++)
			if (bytes[at] === IDENTIFIER) {
				view.setUint16(at + 1, identifier(firmware, view.getUint16(map, true)), true);
				map += 2;
				at += 2;
			}
	return bytes;
}

export interface Medium {
	read(offset: number, length: number): Uint8Array;
	write(offset: number, bytes: Uint8Array): void;
}

/** The engine refuses the archive. */
export class Refused extends Error {}
/** The device ends here at every power-up. */
export class EngineCrash extends Error {}

export class Mapper {
	readonly #medium: Medium;
	readonly #firmware: number;
	#left: number;
	#offset = 0;
	#buffer: Uint8Array;
	#at = 0;
	#isDirty = false;

	constructor(medium: Medium, size: number, firmware: number) {
		this.#medium = medium;
		this.#firmware = firmware;
		this.#left = size;
		this.#buffer = medium.read(0, Math.min(SECTOR_BYTES, size));
	}

	map(version: string): void {
		this.#atom("XS_A");
		const versionBytes = this.#bytes(this.#atom("VERS"));
		if (`${versionBytes[0]}.${versionBytes[1]}` !== version) throw new Refused("another version");
		this.#bytes(this.#atom("SIGN"));
		this.#bytes(this.#atom("NAME"));
		this.#atom("SYMB");
		const ids = this.#symbols();
		if (this.#identifiers(this.#atom("IDEN"), ids)) return;
		const maps: number[] = [];
		for (let left = this.#atom("MAPS"); left > 0; left -= 2) maps.push(this.#uint16());
		for (let left = this.#atom("MODS"); left > 0; ) {
			const path = this.#atom("PATH");
			this.#bytes(path);
			const code = this.#atom("CODE");
			this.#code(code, ids, maps);
			left -= path + code + 16;
		}
		this.#atom("RSRC");
		this.#flush();
	}

	#symbols(): number[] {
		const ids: number[] = [];
		for (let count = this.#uint16(); ids.length < count; ids.push(identifier(this.#firmware, ids.length)))
			for (let length = 0; this.#byte() !== 0; length++) if (length >= 1023) throw new Refused("a long symbol");
		return ids;
	}

	/** All are as they should be: the rest is taken to be so too. */
	#identifiers(bytes: number, ids: readonly number[]): boolean {
		let isClean = true;
		for (let i = 0; i < bytes; i++) {
			const id = at(ids, i >> 1);
			isClean = !this.#put(i % 2 === 0 ? id & 0xff : id >> 8) && isClean;
		}
		return isClean;
	}

	#code(bytes: number, ids: readonly number[], maps: number[]): void {
		for (let left = bytes; left > 0; left--) {
			if (this.#byte() !== IDENTIFIER) continue;
			const id = at(ids, at(maps, 0));
			maps.shift();
			for (const byte of [id & 0xff, id >> 8]) {
				this.#put(byte);
				// Code is written whether it changes or not.
				this.#isDirty = true;
			}
			left -= 2;
		}
	}

	/** Bytes of its content. */
	#atom(type: string): number {
		const size = sizeOf(this.#bytes(4));
		if (!equal(this.#bytes(4), utf8(type))) throw new Refused(`not ${type}`);
		return size - 8;
	}

	#bytes(length: number): Uint8Array {
		return Uint8Array.from({ length }, () => this.#byte());
	}

	#uint16(): number {
		return this.#byte() | (this.#byte() << 8);
	}

	#byte(): number {
		this.#reach();
		return this.#buffer[this.#at++]!;
	}

	/** Whether that is another byte. */
	#put(byte: number): boolean {
		this.#reach();
		const isOther = this.#buffer[this.#at] !== byte;
		this.#buffer[this.#at++] = byte;
		this.#isDirty ||= isOther;
		return isOther;
	}

	#reach(): void {
		if (this.#at < this.#buffer.length) return;
		this.#flush();
		this.#offset += this.#buffer.length;
		this.#left -= this.#buffer.length;
		if (this.#left === 0) throw new Refused("goes on after its end");
		this.#buffer = this.#medium.read(this.#offset, Math.min(SECTOR_BYTES, this.#left));
		this.#at = 0;
	}

	#flush(): void {
		if (this.#isDirty) this.#medium.write(this.#offset, this.#buffer.subarray(0, this.#at));
		this.#isDirty = false;
	}
}

/** A symbol's identifier in a firmware. */
const identifier = (firmware: number, symbol: number): number => (symbol === 0 ? 0 : 0x400 + 0x101 * firmware + symbol);

/** The engine checks no index. */
function at(list: readonly number[], index: number): number {
	const value = list[index];
	if (value === undefined) throw new EngineCrash(`reads element ${index} of ${list.length}`);
	return value;
}

export function sizeOf(bytes: Uint8Array): number {
	return ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0;
}
