/**
 * XS as far as an application is concerned: at power-up it maps the archive that lies in `run`, as fxMapArchive of the SDK
 * does. Identifiers first, the code after them, each sector erased and written; and an archive whose identifiers are right
 * is taken for mapped, whatever its code is. What it would not survive ends the test.
 *
 * Its bytecode is simpler: 0xff is followed by an identifier of two bytes, anything else stands alone.
 */
import assert from "node:assert/strict";
import { concat, equal, utf8 } from "../../src/bytes.ts";
import { MappingCheck } from "../../src/ota/mapping.ts";
import { SECTOR_BYTES } from "../../src/ota/writer.ts";
import type { AppEngine, AppFlash, Half } from "../../src/port.ts";
import { headers } from "../archives.ts";
import { PowerCut } from "./power.ts";

/** The opcode before an identifier. */
export const IDENTIFIER = 0xff;
export const XS = "17.7";
/** Of the firmware. */
export const MODULES: readonly string[] = ["main", "enrollee/agent"];

export interface EngineOptions {
	readonly flash: AppFlash;
	/** Another firmware has other identifiers. */
	readonly firmware: number;
	readonly version?: string;
	/** Larger archives end the machine when they are mapped, as too little memory does. */
	readonly memory?: number;
	guard(seconds: number): void;
	restart(): void;
}

export class FakeEngine implements AppEngine {
	readonly version: string;
	readonly modules = MODULES;
	readonly guard: (seconds: number) => void;
	readonly restart: () => void;
	readonly #flash: AppFlash;
	readonly #firmware: number;
	readonly #memory: number;
	/** An archive was mapped, or seemed to be. */
	readonly isTaken: boolean;

	/** Power-up. */
	constructor({ flash, firmware, version = XS, memory = Number.POSITIVE_INFINITY, guard, restart }: EngineOptions) {
		this.version = version;
		this.guard = guard;
		this.restart = restart;
		this.#flash = flash;
		this.#firmware = firmware;
		this.#memory = memory;
		this.isTaken = this.#map({
			read: (offset, length) => flash.read("run", offset, length),
			write(offset, bytes) {
				flash.erase("run", offset, SECTOR_BYTES);
				flash.write("run", offset, bytes);
			},
		});
	}

	isMapped(half: Half): boolean {
		const check = new MappingCheck(this.#flash, half);
		return this.#map(check) && check.isMapped() && this.isTaken;
	}

	/** What an import runs. */
	import(): Uint8Array {
		assert.ok(this.isTaken, "nothing to import: the engine has taken no archive");
		return this.#flash.read("run", 0, sizeOf(this.#flash.read("run", 0, 4)));
	}

	#map(medium: Medium): boolean {
		const head = medium.read(0, HEADER_BYTES);
		if (!equal(head.subarray(4, 8), utf8("XS_A"))) return false;
		const size = sizeOf(head);
		// Read with a size that wraps around.
		if (size < HEADER_BYTES) throw new EngineCrash(`an archive of ${size} bytes`);
		if (size > this.#memory) throw new OutOfMemory(`${size} bytes`);
		try {
			new Mapper(medium, size, this.#firmware).map(this.version);
			return true;
		} catch (thrown) {
			if (thrown instanceof PowerCut || thrown instanceof EngineCrash) throw thrown;
			medium.write(0, concat(Uint8Array.of(0, 0, 0, 9), utf8("XS_E"), Uint8Array.of(0)));
			return false;
		}
	}
}

/** A symbol's identifier in a firmware. */
const identifier = (firmware: number, symbol: number): number => (symbol === 0 ? 0 : 0x400 + 0x101 * firmware + symbol);

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

/** XS_A's header, VERS and SIGN, which the engine reads at once. */
const HEADER_BYTES = 44;

interface Medium {
	read(offset: number, length: number): Uint8Array;
	write(offset: number, bytes: Uint8Array): void;
}

/** The engine refuses the archive. */
class Refused extends Error {}
/** The device ends here at every power-up. */
class EngineCrash extends Error {}
/** The machine ends; on a device it starts again. */
export class OutOfMemory extends EngineCrash {}

class Mapper {
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

/** The engine checks no index. */
function at(list: readonly number[], index: number): number {
	const value = list[index];
	if (value === undefined) throw new EngineCrash(`reads element ${index} of ${list.length}`);
	return value;
}

function sizeOf(bytes: Uint8Array): number {
	return ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0;
}
