/** TLS records and handshake messages, by the session that a device has. */
import { checkName, extract, read } from "ssl/cert";
import { readCertificateRequest } from "ssl/client";
import { readExtensions } from "ssl/hello";
import Session from "ssl/session";
import SSLStream from "ssl/stream";
import { joined } from "./mqtt-rows.ts";
import { pieces, times } from "./row.ts";
import { certificate } from "./x509-rows.ts";

const HANDSHAKE = 22;
const DATA = 23;

export function tlsRows() {
	const anchors = [certificate()];
	const session = () => {
		const session = new Session({ serverName: "hub.example", anchors }, () => {});
		session.start();
		return session;
	};
	const received = (name, most, bytes, piece, open = false) => ({
		name: `TLS: ${name}`,
		of: ["hw/moddable/tls/session.ts Session", "hw/moddable/tls/header.ts readHeader"],
		most,
		...(open ? {} : { isRefused: true }),
		prepare: (size) => {
			const all = bytes(size);
			return () => {
				const one = session();
				if (open) one.phase = "open";
				for (const part of pieces(all, piece)) one.receive(part);
				while (one.take() !== undefined);
			};
		},
	});
	const chain = (size) => handshake(11, certificates([certificate({ extensions: [large(size)] })]));
	const flight = (size) => [record(HANDSHAKE, serverHello()), record(HANDSHAKE, chain(size))];
	const inBytes = (size) => [
		record(HANDSHAKE, serverHello()),
		...times(chain(size).length, (i) => record(HANDSHAKE, chain(size).subarray(i, i + 1))),
	];
	return [
		received("a certificate", 4096, (size) => joined(flight(size)), 512),
		received("a certificate, byte by byte", 2048, (size) => joined(flight(size)), 1),
		received("a certificate in records of one byte", 512, (size) => joined(inBytes(size)), 512),
		received("records of data", 512, (size) => joined(times(size, () => record(DATA, new Uint8Array(20)))), 512, true),
		received("a record of data, byte by byte", 4096, (size) => record(DATA, new Uint8Array(size)), 1, true),
		{
			name: "TLS: a chain",
			of: ["hw/moddable/tls/cert.ts read", "hw/moddable/tls/cert.ts checkName"],
			most: 4,
			isRefused: true,
			prepare: (size) => {
				const chain = times(size, () => certificate({ extensions: [large(900)] }));
				return () => {
					for (const der of chain) extract(read(der, ""), anchors);
					checkName(read(chain[0], ""), "hub.example");
				};
			},
		},
		{
			name: "TLS: authorities in a request for a certificate",
			of: ["hw/moddable/tls/client.ts readCertificateRequest"],
			most: 1024,
			prepare: (size) => {
				const names = vector(2, joined(times(size, () => Uint8Array.of(0, 2, 0x30, 0))));
				const body = joined([Uint8Array.of(1, 64, 0, 2, 4, 3), names]);
				return () => readCertificateRequest(session(), new SSLStream(body));
			},
		},
		{
			name: "TLS: signature schemes in a request for a certificate",
			of: ["hw/moddable/tls/client.ts readCertificateRequest"],
			most: 1024,
			prepare: (size) => {
				const body = joined([Uint8Array.of(1, 64), vector(2, new Uint8Array(2 * size).fill(9)), Uint8Array.of(0, 0)]);
				const one = { ...identified(), clientCertificates: [], clientCerts: undefined };
				return () => readCertificateRequest(one, new SSLStream(body));
			},
		},
		{
			name: "TLS: an answer to extensions",
			of: ["hw/moddable/tls/hello.ts readExtensions"],
			most: 1024,
			isRefused: true,
			prepare: (size) => {
				const body = vector(2, joined(times(size, () => Uint8Array.of(0x40, 1, 0, 0))));
				return () => readExtensions(session(), new SSLStream(body));
			},
		},
	];
}

const identified = () => ({
	clientKey: { publicKey: new Uint8Array(65), sign: (digest) => digest },
	handshakeDigests: undefined,
	sha384: undefined,
});

/** Of no name, which is refused after it was read. */
const large = (bytes) =>
	joined([
		Uint8Array.of(
			0x30,
			0x82,
			(bytes + 8) >> 8,
			(bytes + 8) & 255,
			0x06,
			2,
			0x2a,
			3,
			0x04,
			0x82,
			bytes >> 8,
			bytes & 255,
		),
		new Uint8Array(bytes),
	]);

function serverHello() {
	return handshake(2, joined([Uint8Array.of(3, 3), new Uint8Array(32), Uint8Array.of(0, 0xc0, 0x2b, 0)]));
}

const certificates = (chain) => vector(3, joined(chain.map((der) => vector(3, der))));

const handshake = (type, body) => joined([Uint8Array.of(type), vector(3, body)]);

const record = (type, content) => joined([Uint8Array.of(type, 3, 3), vector(2, content)]);

/** With its length before it. */
function vector(bytes, content) {
	const length = times(bytes, (i) => (content.length >> (8 * (bytes - 1 - i))) & 255);
	return joined([Uint8Array.from(length), content]);
}
