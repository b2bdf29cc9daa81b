/** The reader of XS archives against every rule, in every chunking, and against archives that the SDK's linker makes. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sdkEnvironment, skip } from "../../hw/simulator/harness.ts";
import { type ArchiveHost, ArchiveReader } from "../../src/application/archive.ts";
import { concat, utf8 } from "../../src/base/bytes.ts";
import type { Fault } from "../../src/fault.ts";
import {
	type ArchiveParts,
	assertNests,
	atom,
	decode,
	encodeArchive,
	headers,
	split,
	text,
	uint16,
} from "../support/archives.ts";
import { mutations } from "../support/mutate.ts";
import { temporaryFolder } from "../support/openssl.ts";
import { isFault, random } from "../support/random.ts";

const HOST: ArchiveHost = { version: "17.7", has: (module) => ["main", "enrollee/agent", "app/ours"].includes(module) };
const CODE = Uint8Array.from({ length: 100 }, (_, i) => i);
const MODULES = { "app/main": CODE, "app/lib/wave-2.x_y": CODE.slice(0, 3) };
const GOOD: ArchiveParts = { name: "sensor", symbols: ["@", "x", "a long symbol"], modules: MODULES };

function read(bytes: Uint8Array, host?: ArchiveHost, chunk = bytes.length || 1): ArchiveReader {
	const reader = new ArchiveReader(bytes.length, host);
	for (let at = 0; at < bytes.length; at += chunk) reader.push(bytes.subarray(at, at + chunk));
	reader.end();
	return reader;
}

function refuse(bytes: Uint8Array, why: RegExp, host: ArchiveHost | null = HOST): void {
	for (const chunk of [bytes.length, 1])
		assert.throws(
			() => read(bytes, host ?? undefined, chunk),
			(thrown) => isFault("ota.image")(thrown) && why.test((thrown as Fault).message),
			`${why} in chunks of ${chunk}`,
		);
}

const variant = (change: Partial<ArchiveParts>): Uint8Array => encodeArchive({ ...GOOD, ...change });
const replaced = (replace: Readonly<Record<string, Uint8Array>>): Uint8Array => variant({ replace });
const withPath = (path: string): Uint8Array => variant({ modules: { ...MODULES, [path]: CODE } });

test("an archive is read in every chunking", () => {
	const bytes = encodeArchive(GOOD);
	for (let chunk = 1; chunk <= bytes.length; chunk++) {
		const { version, name, symbols, modules } = read(bytes, HOST, chunk);
		assert.deepEqual(
			{ version, name, symbols, modules },
			{
				version: "17.7",
				name: "sensor",
				symbols: 3,
				modules: [
					{ path: "app/main", bytes: 100 },
					{ path: "app/lib/wave-2.x_y", bytes: 3 },
				],
			},
		);
	}
});

test("an archive is refused when it is cut anywhere, with its full size announced or with that of the piece", () => {
	const bytes = encodeArchive(GOOD);
	for (let length = 0; length < bytes.length; length++) {
		const reader = new ArchiveReader(bytes.length, HOST);
		reader.push(bytes.subarray(0, length));
		assert.throws(() => reader.end(), isFault("ota.image"));
		assert.throws(() => read(bytes.slice(0, length), HOST), isFault("ota.image"));
	}
});

test("bytes after the end are refused, announced or not", () => {
	const bytes = encodeArchive(GOOD);
	const reader = new ArchiveReader(bytes.length, HOST);
	reader.push(bytes);
	assert.throws(() => reader.push(Uint8Array.of(0)), isFault("ota.image"));
	refuse(concat(bytes, Uint8Array.of(0)), /in XS_A/);
	refuse(atom("XS_A", bytes.subarray(8), Uint8Array.of(0)), /1 bytes after RSRC/);
});

test("another XS version is refused, and the unknown last byte of VERS", () => {
	refuse(variant({ version: "17.6" }), /made for XS 17\.6, expected 17\.7/);
	refuse(variant({ version: "16.7" }), /made for XS 16\.7/);
	refuse(replaced({ VERS: Uint8Array.of(17, 7, 0, 1) }), /VERS/);
	assert.equal(read(replaced({ VERS: Uint8Array.of(17, 7, 1, 0) }), HOST).version, "17.7");
});

test("every atom must have its size", () => {
	for (const type of ["VERS", "SIGN", "NAME", "SYMB", "IDEN", "RSRC"])
		for (const length of [0, 1, 3, 5, 15, 17, 70]) {
			if (type === "RSRC" && length === 0) continue;
			refuse(replaced({ [type]: new Uint8Array(length) }), new RegExp(type));
		}
	refuse(replaced({ MAPS: new Uint8Array(3) }), /MAPS/);
	refuse(replaced({ MODS: concat(atom("PATH", text("app/main")), atom("CODE")) }), /0 bytes in CODE/);
});

test("an atom that is missing, twice, unknown or in another place is refused", () => {
	const atoms = split(encodeArchive(GOOD).subarray(8));
	const types = atoms.map((bytes) => String.fromCharCode(...bytes.subarray(4, 8)));
	assert.deepEqual(types, ["VERS", "SIGN", "NAME", "SYMB", "IDEN", "MAPS", "MODS", "RSRC"]);
	const archive = (list: readonly Uint8Array[]): Uint8Array => atom("XS_A", ...list);
	read(archive(atoms), HOST);
	for (const [i, one] of atoms.entries()) {
		refuse(archive(atoms.toSpliced(i, 1)), /expected|no room/);
		refuse(archive(atoms.toSpliced(i, 0, one)), /expected|after RSRC/);
		refuse(archive(atoms.toSpliced(i, 0, atom("CHKS", new Uint8Array(4)))), /CHKS at [0-9]+, expected/);
		for (let k = i + 1; k < atoms.length; k++) refuse(archive(atoms.with(i, atoms[k]!).with(k, one)), /expected/);
	}
	refuse(atom("XS_E", ...atoms), /XS_E at 0, expected XS_A/);
	refuse(utf8("<html>".repeat(100)), /expected XS_A/);
});

test("an atom that says more or less than it has is refused", () => {
	const good = encodeArchive(GOOD);
	for (const at of headers(good))
		for (const change of [-8, -1, 1, 8, 0x7fffffff, 0x80000000, 0xfffffff8]) {
			const bytes = good.slice();
			const view = new DataView(bytes.buffer);
			view.setUint32(at, view.getUint32(at) + change);
			refuse(bytes, /XS archive/);
		}
});

test("symbols are as many as announced, each below 1024 bytes", () => {
	read(variant({ symbols: ["@", "x".repeat(1023), ""] }), HOST);
	refuse(variant({ symbols: ["@", "x".repeat(1024)] }), /symbol of 1024/);
	const iden = (count: number): Uint8Array => new Uint8Array(2 * count);
	refuse(replaced({ SYMB: concat(uint16(1), text("@"), text("x")), IDEN: iden(1) }), /more than its 1/);
	refuse(replaced({ SYMB: concat(uint16(3), text("@"), text("x")), IDEN: iden(3) }), /within/);
	refuse(replaced({ SYMB: concat(uint16(2), text("@"), utf8("x")), IDEN: iden(2) }), /within/);
	refuse(replaced({ SYMB: concat(uint16(0), text("@")), IDEN: iden(0) }), /SYMB/);
});

test("an archive that an engine has mapped is refused, at each identifier", () => {
	for (let i = 0; i < 6; i++) refuse(replaced({ IDEN: new Uint8Array(6).fill(1, i, i + 1) }), /mapped/);
});

test("an index beyond the symbols is refused: the engine would follow it", () => {
	read(variant({ maps: [] }), HOST);
	read(variant({ maps: [2, 2, 0, 1] }), HOST);
	for (const index of [3, 255, 256, 0xffff]) refuse(variant({ maps: [0, 2, index] }), /MAPS names symbol/);
	const symbols = Array.from({ length: 300 }, (_, i) => `s${i}`);
	read(variant({ symbols, maps: [299] }), HOST);
	refuse(variant({ symbols, maps: [300] }), /MAPS names symbol 300 of 300/);
});

test("data resources are refused", () => {
	refuse(replaced({ RSRC: concat(atom("PATH", text("a.bin")), atom("DATA", CODE)) }), /RSRC/);
});

test("a module outside app/, or with another name than one can read, is refused", () => {
	for (const path of ["mod", "app", "app/", "app//x", "apps/x", "/app/x", "app/X", "app/x:y", "app/x~", "App/x"])
		refuse(withPath(path), /XS archive: module|text/);
	for (const path of ["app/../main", "app/..", "app/./x", "app/x/../../main"]) refuse(withPath(path), /module/);
	for (const path of ["app/a b", "app/é", "app/\n", "app/\0x", ""]) refuse(withPath(path), /text|PATH/);
	read(withPath(`app/${"x".repeat(60)}`), HOST);
	refuse(withPath(`app/${"x".repeat(61)}`), /PATH/);
	refuse(replaced({ MODS: concat(atom("PATH", utf8("app/main")), atom("CODE", CODE)) }), /text/);
});

test("a module in the place of the host's is refused by name", () => {
	refuse(withPath("main"), /main would take the place/);
	refuse(withPath("enrollee/agent"), /enrollee\/agent would take the place/);
	refuse(withPath("app/ours"), /app\/ours would take the place/);
});

test("the same path twice, no app/main, or too many modules are refused", () => {
	const module = (path: string): Uint8Array => concat(atom("PATH", text(path)), atom("CODE", CODE));
	refuse(replaced({ MODS: concat(module("app/main"), module("app/main")) }), /app\/main twice/);
	refuse(replaced({ MODS: module("app/other") }), /no module app\/main/);
	refuse(replaced({ MODS: new Uint8Array(0) }), /no module app\/main/);
	refuse(replaced({ MODS: atom("PATH", text("app/main")) }), /no room for CODE/);
	const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`app/${i}`, CODE]));
	assert.equal(read(variant({ modules: { "app/main": CODE, ...many(31) } }), HOST).modules.length, 32);
	refuse(variant({ modules: { "app/main": CODE, ...many(32) } }), /more than 32/);
});

test("without a host only the structure counts", () => {
	const { version, modules } = read(variant({ version: "9.1", modules: { mod: CODE, "mc/Config": CODE } }));
	assert.equal(version, "9.1");
	assert.deepEqual(
		modules.map(({ path }) => path),
		["mod", "mc/Config"],
	);
	refuse(replaced({ RSRC: CODE }), /RSRC/, null);
	refuse(replaced({ MODS: concat(atom("PATH", text("a")), atom("PATH", text("b"))) }), /expected CODE/, null);
});

// A spoiled size of a CODE may swallow the module behind it: still an archive, with one module less.
test("a mutated archive is refused as an image, or is another archive that fits; its structure is never spoiled", () => {
	const bytes = encodeArchive(GOOD);
	const source = random();
	for (const spoiled of mutations(bytes, 3000, source)) {
		try {
			const { modules } = read(spoiled, HOST, 1 + source.integer(40));
			assert.ok(spoiled.length >= 8 && modules.some(({ path }) => path === "app/main"));
			assertNests(spoiled, modules.length);
		} catch (thrown) {
			assert.ok(isFault("ota.image")(thrown), String(thrown));
		}
	}
});

test("each byte of structure counts: any other value is refused", () => {
	const good = encodeArchive(GOOD);
	for (const at of headers(good))
		for (let i = at; i < at + 8; i++)
			for (const bit of [1, 2, 4, 8, 16, 32, 64, 128]) {
				const bytes = good.slice();
				bytes[i]! ^= bit;
				assert.throws(() => read(bytes, HOST), isFault("ota.image"), `byte ${i}, bit ${bit}`);
			}
});

test("xsc and xsl make the archives that the reader takes, and that `encodeArchive` makes too", { skip }, () => {
	const folder = temporaryFolder();
	mkdirSync(join(folder, "app", "lib"), { recursive: true });
	writeFileSync(
		join(folder, "main.js"),
		'import { wave } from "app/lib/wave"; export default (device) => wave(device);',
	);
	writeFileSync(join(folder, "wave.js"), "export function wave(x) { return { x, ok: /a+/.test(x) }; }");
	const sdk = { cwd: folder, env: sdkEnvironment() };
	execFileSync("xsc", ["-e", "-o", "app", "-r", "main", "main.js"], sdk);
	execFileSync("xsc", ["-e", "-o", "app/lib", "-r", "wave", "wave.js"], sdk);
	const scripts = ["app/main.xsb", "app/lib/wave.xsb"];
	execFileSync("xsl", ["-a", "-b", ".", "-o", ".", "-n", "a.b", "-r", "mod", ...scripts], sdk);
	const bytes = new Uint8Array(readFileSync(join(folder, "mod.xsa")));
	const { version } = read(bytes);
	const reader = read(bytes, { version, has: (module) => module === "main" });
	assert.equal(reader.name, "a.b");
	assert.deepEqual(
		reader.modules.map(({ path }) => path),
		["app/main", "app/lib/wave"],
	);
	assert.deepEqual(encodeArchive(decode(bytes, reader)), bytes);
});
