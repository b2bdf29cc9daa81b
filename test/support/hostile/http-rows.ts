/** What an update server may say to a device that has been offered a bundle: HTTP, SUIT, and the image. */
import { element } from "../../../src/x509/der.ts";
import { bundle, FOREIGN_KEY, manifestOf, standInImage } from "../release.ts";
import { bytes, instead, publish, type Row, times } from "./row.ts";

const OK = "HTTP/1.1 200 OK\r\n";

/** A twin with an update. */
export const offering = (url: string): Row["change"] =>
	instead(
		"$iothub/twin/res/200",
		`{"desired":{"ota":{"url":"${url}","sequence":2},"$version":7},"reported":{"$version":7}}`,
	);

/** `url`: where the cloud serves NAME. */
export function updateRows(url: (name: string) => string): Row[] {
	const image = standInImage(2, 8192);
	const larger = standInImage(2, 65_536);
	const row = (name: string, faults: string, http: (name: string) => Uint8Array | undefined): Row => ({
		phase: "update",
		name,
		faults: faults.split(" "),
		survives: true,
		change: offering(url("x.suit")),
		http,
	});
	const offer = (sequence: number) => ({ url: url("x.suit"), sequence });
	const head = (name: string, text: string, faults = "ota.http") => row(name, faults, () => bytes(text));
	const body = (name: string, content: Uint8Array, faults: string) => row(name, faults, () => withLength(content));
	const signed = bundle(manifestOf(image, { uri: url("x.bin") }));
	const imageIs = (name: string, answer: Uint8Array, faults: string) =>
		row(name, faults, (file) => (file === "x.suit" ? withLength(signed) : answer));
	const redirect = (name: string, to: string, faults = "ota.redirect") =>
		head(name, `HTTP/1.1 302 Found\r\nLocation: ${to}\r\nContent-Length: 0\r\n\r\n`, faults);
	const cut = signed.subarray(0, signed.length - 9);
	return [
		head("a status line of 100 KB", `HTTP/1.1 200 ${"O".repeat(100_000)}\r\n\r\n`),
		head("a header of 100 KB", `${OK}X: ${"x".repeat(100_000)}\r\n\r\n`),
		head("5,000 headers", `${OK}${times(5000, (i) => `X${i}: 1\r\n`).join("")}\r\n`),
		head("no end of the headers", `${OK}${"a: b\r\n".repeat(20)}`, "wire.closed"),
		head("no HTTP", "\u0000".repeat(30_000)),
		head("a length of 300 digits", `${OK}Content-Length: ${"9".repeat(300)}\r\n\r\n`),
		head("a length below zero", `${OK}Content-Length: -1\r\n\r\n`),
		head("two lengths", `${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`),
		head("chunks", `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\n`, "ota.chunked"),
		head("a bundle of 1 GB", `${OK}Content-Length: 1000000000\r\n\r\n${"x".repeat(50_000)}`, "ota.too-large"),
		head("a coding of 3,000 letters", `${OK}Content-Encoding: ${"c".repeat(3000)}\r\nContent-Length: 0\r\n\r\n`),
		head("a length of 3,000 letters", `${OK}Content-Length: ${"l".repeat(3000)}\r\n\r\n`),
		head(
			"a range of 3,000 letters",
			`${OK.replace("200", "206")}Content-Range: ${"r".repeat(3000)}\r\nContent-Length: 5\r\n\r\n`,
		),
		{
			...head(
				"a status line of 3,000 letters",
				`${OK.trim()}${"K".repeat(3000)}\r\nContent-Length: 0\r\n\r\n`,
				"ota.format",
			),
			lawful: true,
		},
		redirect("a redirect to 50 KB", `https://localhost/${"r".repeat(50_000)}`, "ota.http"),
		head(
			"a redirect with two fields of 2.9 KB",
			`HTTP/1.1 302 Found\r\nConnection: ${"c".repeat(2900)}\r\nLocation: ${url("r".repeat(2900))}\r\n\r\n`,
			"ota.http",
		),
		redirect("a redirect to itself", url("x.suit")),
		redirect("a redirect to http", "http://localhost/"),
		redirect("a redirect to 300 question marks", "?".repeat(300)),
		redirect("a redirect to 300 segments", "/a".repeat(300)),
		redirect("a redirect to 600 segments and back", "/a/..".repeat(600)),
		redirect("a redirect to one name of 2,000 letters", "a".repeat(2000)),
		redirect("a redirect to a name that is none, of 3,000 letters", `${"a".repeat(3000)}"`, "ota.uri"),
		redirect("a redirect to a host of 2,900 letters", `https://${"a.".repeat(1450)}`, "ota.uri"),
		{
			...head(
				"a field of 7 KB before an empty bundle",
				`${OK}Policy: ${"p".repeat(7000)}\r\nContent-Length: 0\r\n\r\n`,
				"ota.format",
			),
			lawful: true,
		},
		{ ...redirect("a redirect to an address of 3 KB", url("r".repeat(3000))), lawful: true },
		body("an empty bundle", bytes(""), "ota.format"),
		...(
			[
				["offers", (i) => [`twin/PATCH/properties/desired/?$version=${i + 8}`, { ota: offer(i + 3) }]],
				["calls, each with another offer", (i) => [`methods/POST/enrollee.update/?$rid=u${i}`, offer(i + 3)]],
				["calls with the offer that there is", (i) => [`methods/POST/enrollee.update/?$rid=u${i}`, offer(2)]],
			] as readonly [string, (i: number) => readonly [topic: string, body: object]][]
		).map(([name, push]) => ({
			...body(`100 ${name}, in a row, for an empty bundle`, bytes(""), "ota.format"),
			pushes: () =>
				times(100, (i) => {
					const [topic, said] = push(i);
					return publish(`$iothub/${topic}`, JSON.stringify(said));
				}),
		})),
		body("a bundle of zeros", new Uint8Array(1000), "ota.format"),
		body("a bundle of 1,000 nested arrays", Buffer.alloc(1000, 0x81), "ota.format"),
		body(
			"a bundle of 500 numbers",
			Buffer.concat([Buffer.of(0x99, 500 >> 8, 500 & 255), Buffer.alloc(500)]),
			"ota.format",
		),
		body(
			"a bundle of 500 empty arrays",
			Buffer.concat([Buffer.of(0x99, 500 >> 8, 500 & 255), Buffer.alloc(500, 0x80)]),
			"ota.format",
		),
		body("a bundle of 64 empty maps", Buffer.concat([Buffer.of(0x98, 64), Buffer.alloc(64, 0xa0)]), "ota.format"),
		body(
			"a map of 250 members",
			Buffer.concat([Buffer.of(0xb8, 250), ...times(250, (i) => (i < 24 ? Buffer.of(i, 0) : Buffer.of(0x18, i, 0)))]),
			"ota.format",
		),
		body("a map of 2^32 members", Buffer.of(0xba, 0xff, 0xff, 0xff, 0xff, 0), "ota.format"),
		body("a text of 2^31 bytes", Buffer.of(0x7a, 0x7f, 0xff, 0xff, 0xff, 0), "ota.format"),
		body("DER in place of CBOR", element(0x30, new Uint8Array(900)), "ota.format"),
		body("a bundle that is cut", cut, "ota.format"),
		body("a bundle of somebody else", bundle(manifestOf(image), FOREIGN_KEY), "ota.signature"),
		imageIs("an image that never ends", Buffer.concat([bytes(`${OK}\r\n`), new Uint8Array(200_000)]), "ota.http"),
		imageIs("another image", withLength(standInImage(3, 8192)), "ota.digest"),
		...(
			[
				["300 calls of 2 KB", 300, "echo", JSON.stringify({ text: "x".repeat(1900) })],
				["200 calls of enrollee.status", 200, "enrollee.status", "{}"],
			] as const
		).map(([name, count, method, said]) => ({
			...row(`an image for a flash that forgets, and ${name}`, "ota.digest", (file) =>
				withLength(file === "x.suit" ? bundle(manifestOf(larger, { uri: url("x.bin") })) : larger),
			),
			pushes: () => times(count, (i) => publish(`$iothub/methods/POST/${method}/?$rid=e${i}`, said)),
		})),
		imageIs("no image", withLength(new Uint8Array(image.length)), "ota.image"),
	];
}

const withLength = (content: Uint8Array): Uint8Array =>
	Buffer.concat([bytes(`${OK}Content-Length: ${content.length}\r\n\r\n`), content]);
