/** Images of firmware, archives of applications. */
import { ArchiveReader } from "../../../src/application/archive.ts";
import { CodeWalk } from "../../../src/application/bytecode.ts";
import { utf8 } from "../../../src/base/bytes.ts";
import { inspectFirmware } from "../../../src/update/firmware.ts";
import { joined } from "./mqtt-rows.ts";
import { pieces, type Row, times } from "./row.ts";

export function imageRows(): Row[] {
	return [
		{
			name: "an image for a chip",
			of: ["src/update/firmware.ts inspectFirmware"],
			most: 65_536,
			prepare: (size) => {
				const image = firmware(size);
				return () => inspected(image, 1024);
			},
		},
		{
			name: "an image for a chip, byte by byte",
			of: ["src/update/firmware.ts inspectFirmware"],
			most: 4096,
			prepare: (size) => {
				const image = firmware(size);
				return () => inspected(image, 1);
			},
		},
		archive("symbols of an archive", 1024, (size) => ({ symbols: size })),
		archive("symbols of an archive, byte by byte", 512, (size) => ({ symbols: size }), 1),
		archive("code of an archive", 65_536, (size) => ({ code: size })),
		{
			name: "instructions of an archive",
			of: ["src/application/bytecode.ts CodeWalk"],
			most: 2048,
			prepare: (size) => {
				// By itself, with an identifier, with two bytes more, with a length of one byte.
				const once = Uint8Array.of(0, 1, 5, 6, 2, 7, 7, 3, 2, 8, 8);
				const code = joined(times(size, () => once));
				return () => {
					const walk = new CodeWalk(Int8Array.of(1, 0, 3, -1));
					for (const part of pieces(code, 1024)) if (walk.read(part) !== undefined) throw new Error("refused");
				};
			},
		},
		archive("modules of an archive", 32, (size) => ({ modules: size })),
	];
}

/** One segment, its checksum and its digest. */
function firmware(bytes: number): Uint8Array {
	const header = new Uint8Array(24);
	header.set([0xe9, 1]);
	header[23] = 1;
	const segment = Uint8Array.of(0, 0, 0, 0, bytes & 255, (bytes >> 8) & 255, bytes >> 16, 0);
	const content = new Uint8Array(bytes);
	content.set([0x32, 0x54, 0xcd, 0xab]);
	const body = joined([header, segment, content]);
	const padded = (body.length | 15) + 1;
	return joined([body, new Uint8Array(padded - body.length), new Uint8Array(32)]);
}

function inspected(image: Uint8Array, piece: number): void {
	const inspection = inspectFirmware(0, image.length);
	for (const part of pieces(image, piece)) inspection.push(part);
	inspection.end();
}

function archive(
	name: string,
	most: number,
	parts: (size: number) => { symbols?: number; code?: number; modules?: number },
	piece = 1024,
): Row {
	return {
		name,
		of: ["src/application/archive.ts ArchiveReader", "src/application/symbols.ts SymbolWalk"],
		most,
		prepare: (size) => {
			const { symbols = 1, code = 8, modules = 1 } = parts(size);
			const names = joined([Uint8Array.of(symbols & 255, symbols >> 8), ...times(symbols, (i) => utf8(`s${i}\0`))]);
			const all = times(modules, (i) =>
				joined([atom("PATH", utf8(`app/m${i}\0`)), atom("CODE", new Uint8Array(code))]),
			);
			const bytes = atom(
				"XS_A",
				atom("VERS", Uint8Array.of(1, 2, 0, 0)),
				atom("SIGN", new Uint8Array(16)),
				atom("NAME", utf8("a\0")),
				atom("SYMB", names),
				atom("IDEN", new Uint8Array(2 * symbols)),
				atom("MAPS", new Uint8Array(2 * symbols)),
				atom("MODS", ...all),
				atom("RSRC"),
			);
			return () => {
				const reader = new ArchiveReader(bytes.length);
				for (const part of pieces(bytes, piece)) reader.push(part);
				reader.end();
			};
		},
	};
}

function atom(type: string, ...contents: readonly Uint8Array[]): Uint8Array {
	const bytes = joined([new Uint8Array(4), utf8(type), ...contents]);
	new DataView(bytes.buffer as ArrayBuffer).setUint32(0, bytes.length);
	return bytes;
}
