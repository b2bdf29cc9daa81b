/** What an update is made of: addresses, offers, CBOR, COSE, SUIT. */
import { utf8 } from "../../../src/base/bytes.ts";
import { type Cbor, decode, encode, Tagged } from "../../../src/suit/cbor.ts";
import { readSign1, verifySign1 } from "../../../src/suit/cose.ts";
import { openEnvelope, readEnvelope, readManifest } from "../../../src/suit/manifest.ts";
import { readOffer } from "../../../src/update/offer.ts";
import { mayFollow, parseHttpsUri, resolveLocation } from "../../../src/update/uri.ts";
import { type Row, times } from "./row.ts";

export function updateRows(): Row[] {
	const text = (
		name: string,
		of: string,
		most: number,
		make: (size: number) => string,
		read: (text: string) => unknown,
		isRefused?: true,
	): Row => ({
		name,
		of: [of],
		most,
		...(isRefused && { isRefused }),
		prepare: (size) => {
			const given = make(size);
			return () => read(given);
		},
	});
	const base = parseHttpsUri("https://a.example/b/c");
	const resolve = (location: string) => resolveLocation(base, location);
	return [
		text(
			"an address",
			"src/update/uri.ts parseHttpsUri",
			3040,
			(size) => `https://a.example/${"p".repeat(size)}`,
			parseHttpsUri,
		),
		text(
			"an address with a long host",
			"src/update/uri.ts parseHttpsUri",
			240,
			(size) => `https://${"a.".repeat(size / 2)}example/`,
			parseHttpsUri,
		),
		text(
			"an address that is none",
			"src/update/uri.ts parseHttpsUri",
			3040,
			(size) => `https://a.example/${"p".repeat(size)}"`,
			parseHttpsUri,
			true,
		),
		text(
			"an address whose host is none",
			"src/update/uri.ts parseHttpsUri",
			3040,
			(size) => `https://${"a-".repeat(size / 2)}`,
			parseHttpsUri,
			true,
		),
		text("a redirect", "src/update/uri.ts resolveLocation", 3040, (size) => `/${"p/".repeat(size / 2)}`, resolve),
		text(
			"a redirect with dots",
			"src/update/uri.ts resolveLocation",
			3000,
			(size) => "p/../".repeat(size / 5),
			resolve,
		),
		text(
			"a redirect with questions",
			"src/update/uri.ts resolveLocation",
			3000,
			(size) => `p?${"a?".repeat(size / 2)}`,
			resolve,
		),
		text(
			"a redirect to a scheme, not quite",
			"src/update/uri.ts resolveLocation",
			3000,
			(size) => "a+".repeat(size / 2),
			resolve,
		),
		text(
			"hosts of a redirect",
			"src/update/uri.ts mayFollow",
			4096,
			(size) => `${"a.".repeat(size / 2)}example.com`,
			(host) => mayFollow(host, `b.${host}`, []),
		),
		{
			name: "an offer",
			of: ["src/update/offer.ts readOffer"],
			most: 3040,
			prepare: (size) => {
				const offer = { url: `https://a.example/${"p".repeat(size)}`, sequence: 2 };
				return () => readOffer(offer);
			},
		},
		...cborRows(),
	];
}

function cborRows(): Row[] {
	const cbor = (name: string, most: number, value: (size: number) => Cbor): Row => ({
		name: `CBOR: ${name}`,
		of: ["src/suit/cbor.ts decode"],
		most,
		prepare: (size) => {
			const bytes = encode(value(size));
			return () => decode(bytes);
		},
	});
	const digest = () => encode([-16, new Uint8Array(32)]);
	const refused = (
		name: string,
		of: string[],
		bytes: (size: number) => Uint8Array,
		read: (bytes: Uint8Array) => unknown,
	): Row => ({
		name,
		of,
		most: 3072,
		isRefused: true,
		prepare: (size) => {
			const given = bytes(size);
			return () => read(given);
		},
	});
	return [
		cbor("elements", 60, (size) => times(size, () => 0)),
		cbor("elements of their own", 60, (size) => times(size, () => [])),
		cbor("members", 28, (size) => new Map(times(size, (i) => [i, i]))),
		cbor("a text", 4096, (size) => "\u00e9".repeat(size / 2)),
		cbor("bytes", 4096, (size) => new Uint8Array(size)),
		cbor("tags", 8, (size) => times(size, () => 0).reduce<Cbor>((inner) => new Tagged(1, inner), 0)),
		refused(
			"SUIT: a manifest of many commands",
			["src/suit/manifest.ts readManifest"],
			(size) => {
				const common = encode(
					new Map<number, Cbor>([
						[2, [[utf8("fw")]]],
						[4, encode(times(size, () => 0))],
					]),
				);
				return encode(
					new Map<number, Cbor>([
						[1, 1],
						[2, 1],
						[3, common],
						[7, new Uint8Array(1)],
						[20, new Uint8Array(1)],
					]),
				);
			},
			readManifest,
		),
		refused(
			"SUIT: an envelope whose manifest is another",
			["src/suit/manifest.ts readEnvelope", "src/suit/manifest.ts openEnvelope"],
			(size) =>
				encode(
					new Tagged(
						107,
						new Map<number, Cbor>([
							[2, encode([digest(), new Uint8Array(1)])],
							[3, new Uint8Array(size)],
						]),
					),
				),
			(bytes) => (bytes.length > 0 ? readEnvelope(bytes) : openEnvelope(bytes, [])),
		),
		refused(
			"COSE: a long header",
			["src/suit/cose.ts readSign1", "src/suit/cose.ts verifySign1"],
			(size) => encode(new Tagged(18, [new Uint8Array(size), new Map(), null, new Uint8Array(64)])),
			(bytes) => (bytes.length > 0 ? readSign1(bytes) : verifySign1(bytes, bytes, [])),
		),
	];
}
