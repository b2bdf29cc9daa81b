/** Symbols and bytecode in archives. The engine keeps the first in RAM; the second its mapping steps through by a table and without looking where it goes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ArchiveHost, ArchiveReader } from "../../src/application/archive.ts";
import type { Fault } from "../../src/fault.ts";
import { encodeArchive } from "../support/archives.ts";
import { isFault } from "../support/random.ts";

const HOST: ArchiveHost = { version: "17.7", has: () => false };

/** How many modules it has. */
function read(bytes: Uint8Array, host: ArchiveHost, chunk = bytes.length): number {
	const reader = new ArchiveReader(bytes.length, host);
	for (let at = 0; at < bytes.length; at += chunk) reader.push(bytes.subarray(at, at + chunk));
	reader.end();
	return reader.modules.length;
}

function refuse(bytes: Uint8Array, why: RegExp, host: ArchiveHost): void {
	for (const chunk of [bytes.length, 1])
		assert.throws(
			() => read(bytes, host, chunk),
			(thrown) => isFault("ota.image")(thrown) && why.test((thrown as Fault).message),
			`${why} in chunks of ${chunk}`,
		);
}

test("symbols are bounded in number and in all", () => {
	const of = (symbols: readonly string[]) =>
		encodeArchive({ symbols, maps: [], modules: { "app/main": Uint8Array.of(0) } });
	const empty = (count: number): string[] => Array.from({ length: count }, () => "");
	read(of(empty(4096)), HOST);
	refuse(of(empty(4097)), /more than 4096 symbols/, HOST);
	const long = (last: number) => [...Array.from({ length: 31 }, () => "x".repeat(1023)), "y".repeat(last)];
	read(of(long(1021)), HOST);
	refuse(of(long(1022)), /more than 32768 bytes/, HOST);
});

/** An opcode of each kind: alone, two bytes, an identifier, a length of one byte and of two, one of four, nine bytes. */
const CODE_SIZES = Int8Array.of(1, 2, 0, -1, -2, -4, 9);
const WALKED: ArchiveHost = { ...HOST, codeSizes: CODE_SIZES };
const walked = (maps: readonly number[], ...codes: readonly number[][]): Uint8Array =>
	encodeArchive({
		name: "sensor",
		symbols: ["@", "x", "y"],
		maps,
		modules: Object.fromEntries(codes.map((code, i) => [i === 0 ? "app/main" : `app/m${i}`, Uint8Array.from(code)])),
	});
/** Operands that would be opcodes nobody knows. */
const INSTRUCTIONS = [0, 1, 99, 2, 99, 99, 3, 2, 99, 99, 4, 1, 0, 99, 6, 99, 99, 99, 99, 99, 99, 99, 99, 2, 0, 0, 3, 0];

test("bytecode is walked as the engine walks it, in every chunking and from module to module", () => {
	const bytes = walked([1, 2, 2, 1], INSTRUCTIONS, [0], INSTRUCTIONS);
	for (let chunk = 1; chunk <= bytes.length; chunk++) assert.equal(read(bytes, WALKED, chunk), 3);
	const long = [4, 0, 2, ...new Array(512).fill(99)];
	read(walked([], long), WALKED);
	refuse(walked([], [...long, 99]), /instruction 99/, WALKED);
	// What nobody can walk is not looked at.
	read(walked([], [99]), HOST);
});

test("bytecode that the engine would walk out of is refused", () => {
	const starts = [0, 1, 3, 6, 10, 14, 23, 26, 28];
	for (let length = 1; length <= INSTRUCTIONS.length; length++) {
		const code = INSTRUCTIONS.slice(0, length);
		const identifiers = [3, 23].filter((at) => at < length).map(() => 1);
		if (starts.includes(length)) read(walked(identifiers, code, [0]), WALKED);
		else refuse(walked(identifiers, code, [0]), /app\/main ends within an instruction/, WALKED);
	}
	refuse(walked([], [0, 3, 2, 99]), /app\/main ends within/, WALKED);
	refuse(walked([], [0], [4, 255, 255]), /app\/m1 ends within/, WALKED);
	for (const opcode of [7, 128, 255]) refuse(walked([], [0, opcode]), /has instruction [0-9]+, which XS/, WALKED);
	refuse(walked([], [0], [5, 0, 0, 0, 0]), /app\/m1 has a string of 64 KB/, WALKED);
});

test("identifiers in the bytecode are as many as indexes of MAPS: the engine would read behind the last", () => {
	const code = [2, 0, 0, 2, 0, 0];
	read(walked([1, 2, 1], code, [2, 0, 0]), WALKED);
	refuse(walked([1, 2], code, [2, 0, 0]), /3 identifiers in its code, 2 in MAPS/, WALKED);
	refuse(walked([1, 2, 1, 1], code, [2, 0, 0]), /3 identifiers in its code, 4 in MAPS/, WALKED);
	refuse(walked([], code), /2 identifiers in its code, 0 in MAPS/, WALKED);
});
