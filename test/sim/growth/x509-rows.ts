/** DER, PEM, certificates, requests and keys. */
import { concat, fromHex, utf8 } from "../../../src/base/bytes.ts";
import { parseCertificate, readCertificates, takeCertificates } from "../../../src/x509/certificate.ts";
import { checkIssued, verifyLink } from "../../../src/x509/chain.ts";
import { parseCsr } from "../../../src/x509/csr.ts";
import {
	bitString,
	context,
	contextPrimitive,
	element,
	octetString,
	oid,
	readDer,
	sequence,
	smallInteger,
	Tag,
	utf8String,
} from "../../../src/x509/der.ts";
import { matchesHost } from "../../../src/x509/host.ts";
import { parsePublicKey, publicKeyInfo, readPrivateKey } from "../../../src/x509/key.ts";
import { isNamedIssuer } from "../../../src/x509/key-identifier.ts";
import { commonNameOf, encodeName } from "../../../src/x509/name.ts";
import { Oid } from "../../../src/x509/oid.ts";
import { encodePem } from "../../../src/x509/pem.ts";
import { pemRows } from "./pem-rows.ts";
import { type Row, times } from "./row.ts";

/** On P-256, its generator: no signature here is checked to its end. */
const POINT = /* @__PURE__ */ Object.freeze([
	"6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
	"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
]);

interface Wanted {
	readonly subject?: Uint8Array;
	readonly issuer?: Uint8Array;
	readonly extensions?: readonly Uint8Array[];
	readonly spki?: Uint8Array;
}

const spki = (): Uint8Array => publicKeyInfo(concat(Uint8Array.of(4), ...POINT.map((half) => fromHex(half))));

export const extension = (id: string, value: Uint8Array): Uint8Array => sequence(oid(id), octetString(value));

export function certificate({ subject, issuer, extensions = [], spki: key }: Wanted = {}): Uint8Array {
	const algorithm = sequence(oid(Oid.ECDSA_SHA256));
	const time = (text: string) => element(Tag.UTC_TIME, utf8(text));
	const tbs = sequence(
		element(context(0), smallInteger(2)),
		smallInteger(1),
		algorithm,
		issuer ?? encodeName("ca"),
		sequence(time("200101000000Z"), time("400101000000Z")),
		subject ?? encodeName("dev-001"),
		key ?? spki(),
		element(context(3), sequence(...extensions)),
	);
	return sequence(tbs, algorithm, bitString(sequence(smallInteger(1), smallInteger(1))));
}

const names = (size: number): Uint8Array =>
	sequence(...times(size, (i) => element(contextPrimitive(2), utf8(`${i.toString(36)}.example`))));

const BASIC_CA = (): Uint8Array =>
	extension(Oid.BASIC_CONSTRAINTS, sequence(element(Tag.BOOLEAN, Uint8Array.of(0xff))));

export function x509Rows(): Row[] {
	const parsed = (name: string, most: number, wanted: (size: number) => Wanted): Row => ({
		name: `a certificate with ${name}`,
		of: ["src/x509/certificate.ts parseCertificate"],
		most,
		prepare: (size) => {
			const der = certificate(wanted(size));
			return () => parseCertificate(der);
		},
	});
	return [
		{
			name: "DER: elements side by side",
			of: ["src/x509/der.ts readDer", "src/x509/der.ts DerReader"],
			most: 2048,
			prepare: (size) => {
				const der = sequence(...times(size, () => Uint8Array.of(5, 0)));
				return () => readDer(der, (reader) => reader.each(Tag.SEQUENCE, (inner) => inner.element()));
			},
		},
		{
			name: "DER: object identifiers",
			of: ["src/x509/der.ts DerReader"],
			most: 40,
			prepare: (size) => {
				const der = element(Tag.OID, Uint8Array.of(0x2a), new Uint8Array(size - 1).fill(1));
				return () => readDer(der, (reader) => reader.oid());
			},
		},
		parsed("names", 512, (size) => ({ extensions: [extension(Oid.SUBJECT_ALT_NAME, names(size))] })),
		parsed("extensions", 32, (size) => ({
			extensions: times(size, (i) => extension(`1.2.3.${i}`, new Uint8Array(4))),
		})),
		parsed("key usages", 16, (size) => ({
			extensions: [extension(Oid.EXTENDED_KEY_USAGE, sequence(...times(size, (i) => oid(`1.2.3.${i}`))))],
		})),
		parsed("policies", 512, (size) => ({
			extensions: [extension(Oid.CERTIFICATE_POLICIES, sequence(...times(size, (i) => sequence(oid(`1.2.${i}`)))))],
		})),
		parsed("a subject of many parts", 40, (size) => ({
			subject: sequence(...times(size, () => element(Tag.SET, sequence(oid("2.5.4.11"), utf8String("x"))))),
		})),
		parsed("a large extension", 8192, (size) => ({ extensions: [extension("1.2.3", new Uint8Array(size))] })),
		{
			name: "a name of ISO 8859-1",
			of: ["src/x509/name.ts commonNameOf", "src/base/bytes.ts fromUnits"],
			most: 8192,
			prepare: (size) => {
				const name = sequence(
					element(Tag.SET, sequence(oid(Oid.COMMON_NAME), element(Tag.TELETEX_STRING, new Uint8Array(size).fill(97)))),
				);
				return () => commonNameOf(name);
			},
		},
		{
			name: "a name of UCS-2",
			of: ["src/x509/name.ts commonNameOf", "src/base/bytes.ts fromUnits"],
			most: 8192,
			prepare: (size) => {
				const name = sequence(
					element(Tag.SET, sequence(oid(Oid.COMMON_NAME), element(Tag.BMP_STRING, new Uint8Array(size).fill(0x41)))),
				);
				return () => commonNameOf(name);
			},
		},
		{
			name: "a host among names",
			of: ["src/x509/host.ts matchesHost", "src/x509/host.ts isDnsName"],
			most: 512,
			prepare: (size) => {
				const subjectAltName = names(size);
				return () => matchesHost({ subjectAltName }, "hub.example.com");
			},
		},
		{
			name: "a host among one long name",
			of: ["src/x509/host.ts matchesHost"],
			most: 252,
			prepare: (size) => {
				const subjectAltName = sequence(element(contextPrimitive(2), new Uint8Array(size).fill(0x41)));
				return () => matchesHost({ subjectAltName }, "a".repeat(60));
			},
		},
		...pemRows(),
		{
			name: "certificates in a PEM text",
			of: ["src/x509/certificate.ts readCertificates"],
			most: 16,
			prepare: (size) => {
				const text = encodePem("CERTIFICATE", certificate()).repeat(size);
				return () => readCertificates(text);
			},
		},
		{
			name: "certificates in an answer",
			of: ["src/x509/certificate.ts takeCertificates"],
			most: 4,
			prepare: (size) => {
				const der = certificate({ extensions: [extension("1.2.3", new Uint8Array(900))] });
				return () =>
					takeCertificates(
						times(size, () => [der]),
						"dps.response",
					);
			},
		},
		{
			name: "a chain out of CAs that all have issued each other, of any size",
			of: ["src/x509/chain.ts checkIssued", "src/x509/chain.ts verifyLink", "src/x509/key-identifier.ts isNamedIssuer"],
			most: 4096,
			prepare: (size) => {
				const key = (i: number) => sequence(sequence(oid(`1.2.3.${i}`)), bitString(Uint8Array.of(i)));
				const filling = extension("1.2.3", new Uint8Array(size));
				const ca = (i: number) =>
					certificate({ subject: encodeName("ca"), spki: key(i), extensions: [BASIC_CA(), filling] });
				const all = [certificate(), ...times(7, ca)].map(parseCertificate);
				const expected = { spki: spki(), commonName: "dev-001", now: Date.UTC(2030, 0) };
				return () => [checkIssued(all, expected), verifyLink(all[0]!, all[1]!), isNamedIssuer(all[0]!, all[1]!)];
			},
		},
		{
			name: "a request for a certificate, with attributes",
			of: ["src/x509/csr.ts parseCsr"],
			most: 4096,
			isRefused: true,
			prepare: (size) => {
				const attributes = element(
					context(0),
					...times(size / 16, () => sequence(oid("1.2.3"), element(Tag.SET, Uint8Array.of(5, 0)))),
				);
				const info = sequence(smallInteger(0), encodeName("dev-001"), spki(), attributes);
				const der = sequence(
					info,
					sequence(oid(Oid.ECDSA_SHA256)),
					bitString(sequence(smallInteger(1), smallInteger(1))),
				);
				return () => parseCsr(der);
			},
		},
		{
			name: "a public key of RSA",
			of: ["src/x509/key.ts parsePublicKey"],
			most: 4096,
			prepare: (size) => {
				const number = element(Tag.INTEGER, new Uint8Array(size).fill(1));
				const der = sequence(
					sequence(oid(Oid.RSA_ENCRYPTION), element(Tag.NULL)),
					bitString(sequence(number, smallInteger(3))),
				);
				return () => parsePublicKey(der);
			},
		},
		{
			name: "a private key of RSA",
			of: ["src/x509/key.ts readPrivateKey"],
			most: 4096,
			prepare: (size) => {
				const number = () => element(Tag.INTEGER, new Uint8Array(size / 8).fill(1));
				const text = encodePem("RSA PRIVATE KEY", sequence(smallInteger(0), ...times(8, number)));
				return () => readPrivateKey(text);
			},
		},
	];
}
