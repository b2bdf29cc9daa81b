/**
 * Devices' certificates (RFC 5280), byte for byte those that @peculiar/x509 would make (pki.ts), which takes four times as long: a
 * fleet asks for thousands. What is the same in all of an issuer's is made there, once.
 */
import { createHash, KeyObject, randomBytes, sign } from "node:crypto";
import {
	bitString,
	context,
	element,
	octetString,
	oid,
	readDer,
	sequence,
	smallInteger,
	Tag,
} from "../src/x509/der.ts";
import { Oid } from "../src/x509/oid.ts";
import { type CertificateRequest, type Entity, issuedExtensions } from "./pki.ts";

export interface Leaf {
	readonly der: Uint8Array;
	/** Upper-case hex. */
	readonly serial: string;
}

export class LeafIssuer {
	readonly #key: KeyObject;
	readonly #hash: "sha256" | "sha384";
	readonly #algorithm: Uint8Array;
	readonly #name: Uint8Array;
	readonly #role: readonly Uint8Array[];
	readonly #keyIdentifier: Uint8Array;

	/** On P-256 or P-384. */
	constructor(issuer: Entity) {
		this.#key = KeyObject.from(issuer.key);
		this.#hash = issuer.type === "P-384" ? "sha384" : "sha256";
		this.#algorithm = sequence(oid(issuer.type === "P-384" ? Oid.ECDSA_SHA384 : Oid.ECDSA_SHA256));
		this.#name = new Uint8Array(issuer.certificate.subjectName.toArrayBuffer());
		const { role, keyIdentifier } = issuedExtensions({ kind: "client" }, issuer);
		this.#role = role;
		this.#keyIdentifier = keyIdentifier;
	}

	/** For the key of a SubjectPublicKeyInfo in DER. */
	issue({ commonName, notBefore, notAfter }: CertificateRequest, spki: Uint8Array): Leaf {
		const serial = randomBytes(16);
		// Positive, and as long as it is.
		serial[0] = (serial[0]! & 0x7f) | 0x40;
		const extensions = sequence(...this.#role, subjectKeyIdentifier(spki), this.#keyIdentifier);
		const certificate = sequence(
			element(context(0), smallInteger(2)),
			element(Tag.INTEGER, serial),
			this.#algorithm,
			this.#name,
			sequence(time(notBefore), time(notAfter)),
			name(commonName),
			spki,
			element(context(3), extensions),
		);
		const signature = sign(this.#hash, certificate, this.#key);
		const der = sequence(certificate, this.#algorithm, bitString(signature));
		return { der, serial: serial.toString("hex").toUpperCase() };
	}
}

/** A PrintableString where its letters allow that. */
function name(commonName: string): Uint8Array {
	const tag = /^[A-Za-z0-9 '()+,./:=?-]*$/.test(commonName) ? Tag.PRINTABLE_STRING : Tag.UTF8_STRING;
	return sequence(element(Tag.SET, sequence(oid(Oid.COMMON_NAME), element(tag, Buffer.from(commonName)))));
}

/** SHA-1 of the key's bits, RFC 5280 section 4.2.1.2 (1). */
function subjectKeyIdentifier(spki: Uint8Array): Uint8Array {
	const bits = readDer(spki, (reader) =>
		reader.inside(Tag.SEQUENCE, (info) => {
			info.element();
			return info.octetsOfBits();
		}),
	);
	const identifier = createHash("sha1").update(bits).digest();
	return sequence(oid(Oid.SUBJECT_KEY_IDENTIFIER), octetString(octetString(identifier)));
}

/** UTCTime to 2049, GeneralizedTime from then on: RFC 5280 section 4.1.2.5. */
function time(milliseconds: number): Uint8Array {
	const text = `${new Date(milliseconds).toISOString().replace(/\D/g, "").slice(0, 14)}Z`;
	return text < "2050"
		? element(Tag.UTC_TIME, Buffer.from(text.slice(2)))
		: element(Tag.GENERALIZED_TIME, Buffer.from(text));
}
