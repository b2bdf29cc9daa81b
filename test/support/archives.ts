/** Archives of apps as xsl writes them, without the SDK; `replace` puts another content into an atom, right or wrong. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { ArchiveReader } from "../../src/application/archive.ts";
import { concat, utf8 } from "../../src/base/bytes.ts";

export interface ArchiveParts {
	/** Of XS. */
	readonly version?: string;
	readonly name?: string;
	/** The first one of xsl is "@", which stands for none. */
	readonly symbols?: readonly string[];
	/** Indexes of symbols, in the order in which the bytecode uses them. */
	readonly maps?: readonly number[];
	/** Bytecode by path. */
	readonly modules: Readonly<Record<string, Uint8Array>>;
	readonly replace?: Readonly<Record<string, Uint8Array>>;
}

export function encodeArchive(parts: ArchiveParts): Uint8Array {
	const { version = "17.7", name = "app", symbols = ["@", "default"], modules, replace = {} } = parts;
	const { maps = symbols.map((_, index) => index) } = parts;
	const [major = 0, minor = 0] = version.split(".").map(Number);
	const names = concat(uint16(symbols.length), ...symbols.map(text));
	const indexes = concat(...maps.map(uint16));
	const paths = Object.entries(modules);
	const hash = createHash("md5").update(text(name)).update(names).update(indexes);
	for (const [path, code] of paths) hash.update(text(path)).update(code);
	const contents = {
		VERS: Uint8Array.of(major, minor, 0, 0),
		SIGN: new Uint8Array(hash.digest()),
		NAME: text(name),
		SYMB: names,
		IDEN: new Uint8Array(2 * symbols.length),
		MAPS: indexes,
		MODS: concat(...paths.flatMap(([path, code]) => [atom("PATH", text(path)), atom("CODE", code)])),
		RSRC: new Uint8Array(0),
		...replace,
	};
	return atom("XS_A", ...Object.entries(contents).map(([type, content]) => atom(type, content)));
}

/** Size, type, contents. */
export function atom(type: string, ...contents: readonly Uint8Array[]): Uint8Array {
	const bytes = concat(new Uint8Array(4), utf8(type), ...contents);
	new DataView(bytes.buffer).setUint32(0, bytes.length);
	return bytes;
}

/** With its NUL. */
export function text(value: string): Uint8Array {
	return utf8(`${value}\0`);
}

export function uint16(value: number): Uint8Array {
	return Uint8Array.of(value & 0xff, value >> 8);
}

/** Offsets of all headers, by a walk of its own. */
export function headers(bytes: Uint8Array, from = 0, to = bytes.length): number[] {
	const found: number[] = [];
	const view = new DataView(bytes.buffer, bytes.byteOffset);
	for (let at = from; at < to; at += view.getUint32(at)) {
		const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
		found.push(at);
		if (type === "XS_A" || type === "MODS") found.push(...headers(bytes, at + 8, at + view.getUint32(at)));
	}
	return found;
}

/** The atoms one after another. */
export function split(bytes: Uint8Array): Uint8Array[] {
	if (bytes.length === 0) return [];
	const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
	return [bytes.subarray(0, size), ...split(bytes.subarray(size))];
}

/** Types and sizes of all atoms. */
function outline(bytes: Uint8Array): string[] {
	const view = new DataView(bytes.buffer, bytes.byteOffset);
	return headers(bytes).map((at) => `${String.fromCharCode(...bytes.subarray(at + 4, at + 8))} ${view.getUint32(at)}`);
}

const SHAPE = /^XS_A VERS SIGN NAME SYMB IDEN MAPS MODS( PATH CODE)+ RSRC$/;

/** That the sizes of all atoms nest without a gap, and that their types are an archive's. */
export function assertNests(bytes: Uint8Array, modules: number): void {
	const atoms = outline(bytes).map((one) => one.split(" "));
	assert.match(atoms.map(([type]) => type).join(" "), SHAPE);
	const sizes = (...types: readonly string[]): number[] =>
		atoms.filter(([type]) => types.includes(type!)).map(([, size]) => Number(size));
	const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 8);
	assert.deepEqual(sizes("MODS"), [sum(sizes("PATH", "CODE"))]);
	assert.equal(sum(sizes("VERS", "SIGN", "NAME", "SYMB", "IDEN", "MAPS", "MODS", "RSRC")), bytes.length);
	assert.equal(sizes("CODE").length, modules);
}

/** What `encodeArchive` has to be given for these bytes. */
export function decode(bytes: Uint8Array, { version, name, modules }: ArchiveReader): ArchiveParts {
	const contents = split(bytes.subarray(8)).map((one) => one.subarray(8));
	const [symb, maps, mods] = [contents[3]!, contents[5]!, contents[6]!];
	const codes = split(mods).filter((_, i) => i % 2 === 1);
	return {
		version,
		name,
		symbols: String.fromCharCode(...symb.subarray(2, -1)).split("\0"),
		maps: Array.from({ length: maps.length / 2 }, (_, i) => maps[2 * i]! | (maps[2 * i + 1]! << 8)),
		modules: Object.fromEntries(modules.map(({ path }, i) => [path, codes[i]!.subarray(8)])),
	};
}
