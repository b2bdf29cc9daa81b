/** DER: what X.690 section 10 and 11 forbid is refused by name, and nothing but a Fault comes out of damaged input. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { concat, fromHex, hex, utf8 } from "../../src/base/bytes.ts";
import { Fault } from "../../src/fault.ts";
import {
	bitString,
	context,
	type DerReader,
	element,
	MAX_DER_BYTES,
	octetString,
	oid,
	readDer,
	sequence,
	smallInteger,
	Tag,
	utf8String,
} from "../../src/x509/der.ts";
import { decodePem, encodePem } from "../../src/x509/pem.ts";
import { survives } from "../support/survives.ts";

const read = <T>(bytes: string, body: (reader: DerReader) => T): T => readDer(fromHex(bytes), body);

function refuses(bytes: string | Uint8Array, body: (reader: DerReader) => unknown, message: RegExp): void {
	assert.throws(
		() => readDer(typeof bytes === "string" ? fromHex(bytes) : bytes, body),
		(thrown) => thrown instanceof Fault && thrown.code === "x509.der" && message.test(thrown.message),
		`${typeof bytes === "string" ? bytes : hex(bytes.slice(0, 8))} should be refused for ${message}`,
	);
}

test("writes the shortest length", () => {
	for (const [size, header] of [
		[0, "0400"],
		[127, "047f"],
		[128, "048180"],
		[255, "0481ff"],
		[256, "04820100"],
		[65535, "0482ffff"],
	] as const) {
		const written = octetString(new Uint8Array(size));
		assert.equal(hex(written.slice(0, header.length / 2)), header);
		assert.equal(written.length, header.length / 2 + size);
		if (written.length <= MAX_DER_BYTES)
			assert.equal(readDer(written, (reader) => reader.content(Tag.OCTET_STRING)).length, size);
	}
	assert.throws(() => octetString(new Uint8Array(65536)), Fault);
});

test("writes what it reads", () => {
	// Object identifiers and their encodings: RFC 5480, RFC 5912.
	for (const [dotted, encoded] of [
		["1.2.840.10045.2.1", "06072a8648ce3d0201"],
		["1.2.840.10045.3.1.7", "06082a8648ce3d030107"],
		["1.3.132.0.34", "06052b81040022"],
		["2.5.4.3", "0603550403"],
		["2.999", "06028837"],
		["0.9.2342.19200300.100.1.25", "060a0992268993f22c640119"],
	] as const) {
		assert.equal(hex(oid(dotted)), encoded);
		assert.equal(
			read(encoded, (reader) => reader.oid()),
			dotted,
		);
	}
	assert.equal(hex(bitString(fromHex("a5"))), "030200a5");
	assert.equal(hex(utf8String("dev-é")), "0c066465762dc3a9");
	assert.equal(hex(element(context(0))), "a000");
	const nested = sequence(smallInteger(5), sequence(oid("2.5.4.3")));
	const [number, name] = readDer(nested, (reader) =>
		reader.inside(Tag.SEQUENCE, (inner) => [
			inner.smallInteger(),
			inner.inside(Tag.SEQUENCE, (innermost) => innermost.oid()),
		]),
	);
	assert.deepEqual([number, name], [5, "2.5.4.3"]);
});

test("refuses lengths that are indefinite, not minimal, too long or cut short", () => {
	const any = (reader: DerReader) => reader.element();
	refuses("30800000", any, /indefinite/);
	refuses("04810100", any, /not minimal/);
	refuses(`0481${"7f"}${"00".repeat(127)}`, any, /not minimal/);
	refuses(`048200ff${"00".repeat(255)}`, any, /not minimal/);
	refuses("048400000001ff", any, /more than 3/);
	refuses("04ff", any, /more than 3/);
	refuses("0482", any, /cut short/);
	refuses("048201", any, /cut short/);
	refuses("0402ff", any, /cut short/);
	refuses("0483ffffff00", any, /cut short/);
	refuses("04", any, /without a length/);
	refuses("", any, /expected tag/);
});

test("refuses bytes left over, in and after an element, and the wrong tag", () => {
	refuses("020105ff", (reader) => reader.integer(), /1 bytes left over/);
	refuses("30050201050500", (reader) => reader.inside(Tag.SEQUENCE, (inner) => inner.integer()), /2 bytes left over/);
	refuses("020105", (reader) => reader.oid(), /expected tag 0x6, found 0x2/);
	refuses("1f8101050500", (reader) => reader.element(), /tag above 30/);
});

test("refuses integers that are empty or not minimal, and negative or large ones where a small one belongs", () => {
	const integer = (reader: DerReader) => reader.integer();
	refuses("0200", integer, /without content/);
	refuses("0202007f", integer, /not minimal/);
	refuses("0202ff80", integer, /not minimal/);
	refuses("020180", (reader) => reader.unsigned(), /negative/);
	refuses("0203010000", (reader) => reader.smallInteger(), /above 65535/);
	assert.equal(hex(read("02020080", integer)), "0080");
	assert.equal(hex(read("0202ff7f", integer)), "ff7f");
	assert.equal(hex(read("02020080", (reader) => reader.unsigned())), "80");
	assert.equal(
		read("020300ffff", (reader) => reader.smallInteger()),
		65535,
	);
	assert.equal(
		read("020100", (reader) => reader.smallInteger()),
		0,
	);
});

test("refuses booleans other than 00 and ff, and bit strings with bad padding", () => {
	const boolean = (reader: DerReader) => reader.boolean();
	assert.equal(read("0101ff", boolean), true);
	assert.equal(read("010100", boolean), false);
	for (const bytes of ["010101", "0100", "0102ffff"]) refuses(bytes, boolean, /boolean/);
	const bits = (reader: DerReader) => reader.bits();
	assert.deepEqual(read("03020780", bits), { bytes: Uint8Array.of(0x80), unused: 7 });
	assert.deepEqual(read("030100", bits), { bytes: new Uint8Array(), unused: 0 });
	for (const bytes of ["0300", "030101", "030208ff", "03020781"]) refuses(bytes, bits, /padding/);
	refuses("03020780", (reader) => reader.octetsOfBits(), /whole number/);
});

test("refuses object identifiers that are empty, cut short, padded or out of bounds", () => {
	const name = (reader: DerReader) => reader.oid();
	refuses("0600", name, /cut short/);
	refuses("060288", name, /cut short/);
	refuses("06022a86", name, /cut short/);
	refuses("06032a8001", name, /not minimal/);
	refuses("06092affffffffffffff7f", name, /above 2\^53/);
	refuses(`0629${"2a".repeat(41)}`, name, /too long/);
});

test("reads UTCTime and GeneralizedTime in the one form of RFC 5280, and no date that does not exist", () => {
	const time = (text: string) =>
		readDer(element(text.length === 13 ? 0x17 : 0x18, utf8(text)), (reader) => reader.time());
	for (const [text, iso] of [
		["500101000000Z", "1950-01-01T00:00:00.000Z"],
		["491231235959Z", "2049-12-31T23:59:59.000Z"],
		["000229120000Z", "2000-02-29T12:00:00.000Z"],
		["20500101000000Z", "2050-01-01T00:00:00.000Z"],
		["99991231235959Z", "9999-12-31T23:59:59.000Z"],
	] as const)
		assert.equal(new Date(time(text)).toISOString(), iso);
	for (const text of [
		"230229000000Z", // no leap year
		"21000229000000Z",
		"231301000000Z",
		"230001000000Z",
		"230100000000Z",
		"230431000000Z",
		"230101240000Z",
		"230101006000Z",
		"230101000060Z",
		"2301010000 0Z",
		"2301010000000",
		"2301010000Z",
		"230101000000+0000",
		"20230101000000.5Z",
		"18990101000000Z",
	])
		assert.throws(() => time(text), Fault, text);
});

test("bounds depth and size", () => {
	const descend = (reader: DerReader): unknown => reader.optional(Tag.SEQUENCE, descend);
	const nest = (depth: number): Uint8Array => (depth === 0 ? new Uint8Array() : sequence(nest(depth - 1)));
	readDer(nest(12), descend);
	refuses(nest(13), descend, /nested deeper than 12/);
	refuses(new Uint8Array(MAX_DER_BYTES + 1), () => undefined, /limit is 65536/);
});

test("PEM: reads what it writes, several blocks, any line end, text around; refuses the rest", () => {
	const one = sequence(octetString(new Uint8Array(100).fill(1)));
	const two = sequence(octetString(utf8("two")));
	for (const eol of ["\n", "\r\n"]) {
		const text = `subject=CN=x${eol}${encodePem("CERTIFICATE", one, eol)}${eol}${encodePem("PRIVATE KEY", two, eol)}tail`;
		assert.deepEqual(decodePem(text), [
			{ label: "CERTIFICATE", der: one },
			{ label: "PRIVATE KEY", der: two },
		]);
	}
	assert.ok(
		encodePem("X", one)
			.split("\n")
			.every((line) => line.length <= 64),
	);
	assert.deepEqual(decodePem("no PEM at all"), []);
	for (const text of [
		"-----BEGIN X-----\nAAAA\n",
		"-----BEGIN X-----\nAAAA\n-----END Y-----",
		"-----BEGIN X-----\nAAA\n-----END X-----",
		"-----BEGIN X-----\nAA*A\n-----END X-----",
		"-----BEGIN ",
		"x".repeat((1 << 20) + 1),
	])
		assert.throws(
			() => decodePem(text),
			(thrown) => thrown instanceof Fault && thrown.code === "x509.pem",
			text.slice(0, 40),
		);
});

test("only a Fault comes out of damaged DER", () => {
	const walk = (reader: DerReader): void => {
		while (reader.tag !== undefined) {
			switch (reader.tag) {
				case Tag.INTEGER:
					reader.smallInteger();
					break;
				case Tag.OID:
					reader.oid();
					break;
				case Tag.BIT_STRING:
					reader.bits();
					break;
				case Tag.UTC_TIME:
				case Tag.GENERALIZED_TIME:
					reader.time();
					break;
				case Tag.SEQUENCE:
				case context(0):
					reader.inside(reader.tag, walk);
					break;
				default:
					reader.element();
			}
		}
	};
	const sound = sequence(
		smallInteger(1),
		sequence(oid("1.2.840.10045.2.1"), element(Tag.UTC_TIME, utf8("260101000000Z"))),
		element(context(0), bitString(concat(fromHex("04"), new Uint8Array(64)))),
	);
	readDer(sound, walk);
	const { refused, read: accepted } = survives((bytes) => readDer(bytes, walk), sound, 20_000);
	assert.ok(refused > 1000 && accepted > 100, `refused ${refused}, read ${accepted}`);
});
