/**
 * Reading X.509 certificates (RFC 5280), version 1 and 3: what a device must know of its own and of a server's.
 *
 * Refused with Fault x509.certificate: other versions, an outer signature algorithm that differs from the inner one, an
 * extension that occurs twice, validity that ends before it begins, a name over 512 bytes, a serial number over 64 bytes. Critical
 * extensions that are not read here are listed in `unknownCritical`: a relying party (TLS) must refuse such a certificate, its owner
 * need not.
 */
import { equal, hex, utf8Text } from "../base/bytes.ts";
import { Fault, type FaultCode } from "../fault.ts";
import { context, type DerReader, readDer, Tag } from "./der.ts";
import { type Extensions, readExtensions } from "./extensions.ts";
import { type PublicKey, parsePublicKey } from "./key.ts";
import { commonNameOf } from "./name.ts";
import { decodeBase64, decodePem } from "./pem.ts";
import { readSignatureAlgorithm, type SignatureAlgorithm } from "./signature.ts";

/** In a chain that was issued. Services send two or three; more would only cost memory. */
export const MOST_ISSUED = 5;
/** Each becomes a text. RFC 5280 bounds serial numbers at 20 bytes, and a name's parts at 64 or 128 characters. */
const MAX_NAME_BYTES = 512;
const MAX_SERIAL_BYTES = 64;

export interface Certificate extends Extensions {
	/** The whole certificate. */
	readonly der: Uint8Array;
	/** What is signed. */
	readonly tbs: Uint8Array;
	/** Names, DER. */
	readonly subject: Uint8Array;
	readonly issuer: Uint8Array;
	/** Of the subject; undefined when there is none or more than one. */
	readonly commonName: string | undefined;
	/** Hexadecimal, without leading zero bytes. */
	readonly serial: string;
	/** Milliseconds since 1970, both inclusive. */
	readonly notBefore: number;
	readonly notAfter: number;
	/** SubjectPublicKeyInfo, DER. */
	readonly spki: Uint8Array;
	readonly publicKey: PublicKey;
	readonly signatureAlgorithm: SignatureAlgorithm;
	readonly signature: Uint8Array;
}

export function parseCertificate(der: Uint8Array): Certificate {
	return readDer(der, (reader) =>
		reader.inside(Tag.SEQUENCE, (outer) => {
			const tbs = outer.element(Tag.SEQUENCE);
			const signatureAlgorithm = outer.element(Tag.SEQUENCE);
			const signature = outer.octetsOfBits();
			const { innerAlgorithm, ...fields } = readDer(tbs, (inner) => inner.inside(Tag.SEQUENCE, readTbs));
			if (!equal(innerAlgorithm, signatureAlgorithm))
				throw new Fault("x509.certificate", "two different signature algorithms are named");
			return {
				...fields,
				der,
				tbs,
				signatureAlgorithm: readDer(signatureAlgorithm, readSignatureAlgorithm),
				signature,
			};
		}),
	);
}

/** DER, base64 of DER, or PEM with any number of certificates (other blocks are passed over). At least one, or a Fault. */
export function readCertificates(input: string | Uint8Array): Certificate[] {
	if (typeof input !== "string" && isDer(input)) return [parseCertificate(input)];
	const text = typeof input === "string" ? input : textOf(input);
	if (!text.includes("-----BEGIN ")) return [parseCertificate(decodeBase64(text, "the certificate"))];
	const blocks = decodePem(text).filter(({ label }) => label === "CERTIFICATE");
	if (blocks.length === 0) throw new Fault("x509.certificate", "the PEM text holds no CERTIFICATE block");
	return blocks.map(({ der }) => parseCertificate(der));
}

/**
 * A chain as services send it, of texts that CertificateText has taken, in their order: DER. They are taken out one by one, because all
 * of them are the most that an enrolment or a renewal holds. Throws Fault `code` for anything else, and for more than five certificates.
 */
export function takeCertificates(taken: unknown[], code: FaultCode): Uint8Array[] {
	const certificates: Uint8Array[] = [];
	while (taken.length > 0) {
		const ders = taken.shift();
		if (!Array.isArray(ders)) throw new Fault(code, "issued certificate: expected a string");
		if (certificates.length + ders.length > MOST_ISSUED) throw new Fault(code, `more than ${MOST_ISSUED} certificates`);
		certificates.push(...(ders as Uint8Array[]));
	}
	return certificates;
}

/** The least bytes of a number, one at least. */
function withoutZeros(bytes: Uint8Array): Uint8Array {
	let from = 0;
	while (from < bytes.length - 1 && bytes[from] === 0) from++;
	return bytes.subarray(from);
}

function bounded(bytes: Uint8Array, most: number, what: string): Uint8Array {
	if (bytes.length > most) throw new Fault("x509.certificate", `${what} of ${bytes.length} bytes`);
	return bytes;
}

function readTbs(tbs: DerReader) {
	const version = tbs.optional(context(0), (inner) => inner.smallInteger()) ?? 0;
	if (version !== 0 && version !== 2) throw new Fault("x509.certificate", `version ${version + 1} is not 1 or 3`);
	const serial = hex(withoutZeros(bounded(tbs.integer(), MAX_SERIAL_BYTES, "serial number")));
	const innerAlgorithm = tbs.element(Tag.SEQUENCE);
	const issuer = bounded(tbs.element(Tag.SEQUENCE), MAX_NAME_BYTES, "issuer");
	const [notBefore, notAfter] = tbs.inside(Tag.SEQUENCE, (validity) => [validity.time(), validity.time()] as const);
	if (notAfter < notBefore) throw new Fault("x509.certificate", "the validity ends before it begins");
	const subject = bounded(tbs.element(Tag.SEQUENCE), MAX_NAME_BYTES, "subject");
	const spki = tbs.element(Tag.SEQUENCE);
	const extensions = version === 2 ? tbs.optional(context(3), readExtensions) : undefined;
	return {
		subject,
		issuer,
		commonName: commonNameOf(subject),
		serial,
		notBefore,
		notAfter,
		spki,
		publicKey: parsePublicKey(spki),
		innerAlgorithm,
		...(extensions ?? { unknownCritical: [] }),
	};
}

/** A certificate is longer than 127 bytes, so a length byte follows that no text has. */
const isDer = (input: Uint8Array): boolean => input[0] === Tag.SEQUENCE && (input[1] ?? 0) >= 0x80;

function textOf(bytes: Uint8Array): string {
	try {
		return utf8Text(bytes);
	} catch (thrown) {
		throw new Fault("x509.certificate", "neither DER nor text", { cause: thrown });
	}
}
