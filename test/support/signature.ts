/** ECDSA-Sig-Value (RFC 3279 2.2.3) to r || s and back, for tests only: independent of the code under test. */
import { concat, fromHex } from "../../src/base/bytes.ts";

export function rawToDer(raw: Uint8Array): Uint8Array {
	const half = raw.length / 2;
	const body = concat(derInteger(raw.slice(0, half)), derInteger(raw.slice(half)));
	return concat(Uint8Array.of(0x30, body.length), body);
}

/** `size`: bytes of one number. */
export function derToRaw(der: Uint8Array, size: number): Uint8Array {
	const raw = new Uint8Array(2 * size);
	let at = 2;
	for (const end of [size, 2 * size]) {
		const length = der[at + 1]!;
		const value = der.slice(at + 2, at + 2 + length);
		const significant = value[0] === 0 ? value.slice(1) : value;
		raw.set(significant, end - significant.length);
		at += 2 + length;
	}
	return raw;
}

export function bigEndian(value: bigint, size: number): Uint8Array {
	return fromHex(value.toString(16).padStart(2 * size, "0"));
}

function derInteger(bytes: Uint8Array): Uint8Array {
	let from = 0;
	while (from < bytes.length - 1 && bytes[from] === 0) from++;
	const value = bytes.slice(from);
	const padded = value[0]! >= 0x80 ? concat(Uint8Array.of(0), value) : value;
	return concat(Uint8Array.of(0x02, padded.length), padded);
}
