/**
 * hw/moddable/native/rsa.c, run: compiled for this machine, with sanitizers, against the stand-ins of XS's calls, and compared with powers of
 * BigInts. Random ones; SEED=n takes others.
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { project } from "../../hw/simulator/harness.ts";
import { random } from "../support/random.ts";

const folder = mkdtempSync(join(tmpdir(), "enrollee-rsa-"));
const program = join(folder, "rsa");

/** Reads MODULUS EXPONENT VALUE in hexadecimal digits, a line each; writes the power, or no. With an argument there is a byte too little to work in. */
const HARNESS = `
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "rsa.c"

static struct { void* bytes; xsUnsignedValue size; } arguments[4];
static int result;
xsSlot* stubArgument(xsMachine* the, int i) { (void)the; return (xsSlot*)&arguments[i]; }
xsSlot* stubResult(xsMachine* the) { (void)the; return NULL; }
void stubSetInteger(xsMachine* the, xsSlot* s, xsIntegerValue v) { (void)the; (void)s; result = v; }
void stubThrow(xsMachine* the, const char* format, ...) { (void)the; (void)format; puts("throws"); exit(0); }
void stubBuffer(xsMachine* the, xsSlot* s, void** bytes, xsUnsignedValue* size)
{
	int i = (int)((char*)s - (char*)arguments) / (int)sizeof *arguments;
	(void)the;
	*bytes = arguments[i].bytes;
	*size = arguments[i].size;
}

static int take(int i)
{
	static char text[2048];
	if (scanf("%2047s", text) != 1)
		return 0;
	arguments[i].size = strlen(text) / 2;
	uint8_t* bytes = arguments[i].bytes = malloc(arguments[i].size);
	for (xsUnsignedValue at = 0; at < arguments[i].size; at++)
		sscanf(text + 2 * at, "%2hhx", bytes + at);
	return 1;
}

int main(int count, char** words)
{
	(void)words;
	while (take(0) && take(1) && take(2)) {
		xsUnsignedValue size = arguments[0].size;
		arguments[3].size = 5 * size + 24 - (count > 1);
		arguments[3].bytes = malloc(arguments[3].size);
		xs_rsa_power(NULL);
		for (xsUnsignedValue at = 0; result && at < size; at++)
			printf("%02x", ((uint8_t*)arguments[3].bytes)[at]);
		puts(result ? "" : "no");
		for (int i = 0; i < 4; i++)
			free(arguments[i].bytes);
	}
	return 0;
}
`;

before(() => {
	writeFileSync(join(folder, "harness.c"), HARNESS);
	const native = [`-I${join(project, "test/sim/stubs")}`, `-I${join(project, "hw/moddable/native")}`];
	const strict = ["-std=gnu17", "-Wall", "-Wextra", "-Werror", "-g", "-fsanitize=address,undefined"];
	execFileSync("gcc", [...strict, "-fno-sanitize-recover=all", ...native, "harness.c", "-o", program], { cwd: folder });
});
after(() => rmSync(folder, { recursive: true }));

type Case = readonly [modulus: bigint, exponent: bigint, value: bigint, bytes: number];

function powers(cases: readonly Case[], ...words: string[]): string[] {
	const digits = (value: bigint, bytes: number): string => value.toString(16).padStart(2 * bytes, "0");
	const input = cases.map(([m, e, v, bytes]) => `${digits(m, bytes)} ${digits(e, 4)} ${digits(v, bytes)}\n`).join("");
	const { stdout, stderr, status } = spawnSync(program, words, { input, encoding: "utf8", maxBuffer: 1 << 26 });
	assert.equal(status, 0, stderr.slice(0, 2000));
	return stdout.split("\n").slice(0, -1);
}

function power(modulus: bigint, exponent: bigint, value: bigint): bigint {
	let result = 1n;
	for (const bit of exponent.toString(2)) result = (result * result * (bit === "1" ? value : 1n)) % modulus;
	return result;
}

test("every power is that of BigInts, for moduli of every length in bytes", () => {
	const { bytes, integer } = random();
	const number = (length: number): bigint => BigInt(`0x${Buffer.from(bytes(length)).toString("hex")}`);
	const cases: Case[] = [];
	for (let length = 256; length <= 512; length++) {
		const top = 1n << BigInt(8 * length);
		const first = top >> 8n;
		const moduli = [top - 1n, first + 1n, number(length) | 1n, (number(length) | first | 1n) % top];
		const m = moduli[integer(moduli.length)]!;
		if (m < first) continue;
		const e = [3n, 17n, 65_537n, 0xffff_ffffn, number(4) | 3n][integer(5)]!;
		for (const v of [0n, 1n, m - 1n, number(length) % m]) cases.push([m, e, v, length]);
	}
	assert.ok(cases.length > 900);
	const wanted = cases.map(([m, e, v, length]) =>
		power(m, e, v)
			.toString(16)
			.padStart(2 * length, "0"),
	);
	assert.deepEqual(powers(cases), wanted);
});

test("refused: a value that is not below the modulus, an even modulus, an exponent of 1, an even one", () => {
	const m = (1n << 2048n) - 1n;
	const cases: Case[] = [
		[m, 3n, m, 256],
		[m - 2n, 3n, m - 1n, 256],
		[m - 1n, 3n, 2n, 256],
		[m, 1n, 2n, 256],
		[m, 4n, 2n, 256],
		[m, 0n, 2n, 256],
	];
	assert.deepEqual(
		powers(cases),
		cases.map(() => "no"),
	);
});

test("buffers that do not fit are an exception", () => {
	assert.deepEqual(powers([[5n, 3n, 1n << 80n, 2]]), ["throws"]);
	assert.deepEqual(powers([[5n, 3n, 2n, 256]], "less"), ["throws"]);
	assert.deepEqual(powers([[0n, 3n, 0n, 0]]), ["throws"]);
});
