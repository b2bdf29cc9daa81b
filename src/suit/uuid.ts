/**
 * Name-based UUIDs (RFC 9562 section 5.5, version 5): vendor and class of an update are UUIDs made from names
 * (RFC 9124 section 3.4). SHA-1 is what the version prescribes; nothing here rests on its strength, the signature does.
 */
import { concat, utf8 } from "../base/bytes.ts";

/** `class` of our updates: "<chip>/<board>/<partition map>", for example "esp32/devkit/4m". */
export function classUuid(vendor: Uint8Array, name: string): Uint8Array {
	return nameUuid(vendor, name);
}

/** The class of app bundles: that of the device, and the version of XS ("major.minor") that the archive was made for. */
export function appClassUuid(device: Uint8Array, version: string): Uint8Array {
	return nameUuid(device, `xs${version}`);
}

/** What stands in a bundle unless a vendor of its own is configured: nameUuid(DNS, "enrollee.example"). */
export function defaultVendor(): Uint8Array {
	return nameUuid(Uint8Array.from(NAMESPACE_DNS), "enrollee.example");
}

/** 16 bytes. `namespace`: a UUID, 16 bytes. */
export function nameUuid(namespace: Uint8Array, name: string): Uint8Array {
	const uuid = sha1(concat(namespace, utf8(name))).slice(0, 16);
	uuid[6] = (uuid[6]! & 0x0f) | 0x50;
	uuid[8] = (uuid[8]! & 0x3f) | 0x80;
	return uuid;
}

/** 6ba7b810-9dad-11d1-80b4-00c04fd430c8 (RFC 9562 section 6.6). */
export const NAMESPACE_DNS: readonly number[] = /* @__PURE__ */ Object.freeze([
	0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8,
]);

/** FIPS 180-4 section 6.1. */
function sha1(bytes: Uint8Array): Uint8Array {
	const padded = new Uint8Array((((bytes.length + 8) >> 6) + 1) << 6);
	padded.set(bytes);
	padded[bytes.length] = 0x80;
	const view = new DataView(padded.buffer);
	view.setUint32(padded.length - 4, bytes.length * 8);
	const h = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
	const w: number[] = [];
	for (let block = 0; block < padded.length; block += 64) {
		let [a, b, c, d, e] = h as [number, number, number, number, number];
		for (let t = 0; t < 80; t++) {
			w[t] = t < 16 ? view.getInt32(block + 4 * t) : rotate(w[t - 3]! ^ w[t - 8]! ^ w[t - 14]! ^ w[t - 16]!, 1);
			const f = t < 20 ? (b & c) | (~b & d) : t < 40 || t >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
			const k = t < 20 ? 0x5a827999 : t < 40 ? 0x6ed9eba1 : t < 60 ? 0x8f1bbcdc : 0xca62c1d6;
			const next = (rotate(a, 5) + f + e + k + w[t]!) | 0;
			e = d;
			d = c;
			c = rotate(b, 30);
			b = a;
			a = next;
		}
		for (const [i, value] of [a, b, c, d, e].entries()) h[i] = (h[i]! + value) | 0;
	}
	const out = new DataView(new ArrayBuffer(20));
	for (const [i, value] of h.entries()) out.setInt32(4 * i, value);
	return new Uint8Array(out.buffer);
}

function rotate(word: number, bits: number): number {
	return (word << bits) | (word >>> (32 - bits));
}
