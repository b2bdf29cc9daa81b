/**
 * Which of several CAs of one name a certificate means (RFC 5280 sections 4.2.1.1 and 4.2.1.2). Read where it is asked, because
 * hardly any chain needs it and a small device would keep it for all.
 */
import { equal } from "../base/bytes.ts";
import type { Certificate } from "./certificate.ts";
import { context, contextPrimitive, type DerReader, readDer, Tag } from "./der.ts";
import { Oid } from "./oid.ts";

/**
 * Whether `issuer` is the very CA that `certificate` says it is from: by name, and by key where both identify it. Without key
 * identifiers every CA of that name is. Throws Fault x509.der for an identifier that cannot be read.
 */
export function isNamedIssuer(certificate: Certificate, issuer: Certificate): boolean {
	if (!equal(certificate.issuer, issuer.subject)) return false;
	const wanted = extension(certificate, Oid.AUTHORITY_KEY_IDENTIFIER, (value) =>
		value.inside(Tag.SEQUENCE, (authority) => {
			const id = authority.tag === contextPrimitive(0) ? authority.content(contextPrimitive(0)) : undefined;
			while (authority.tag !== undefined) authority.element(); // the issuer's own issuer and serial number
			return id;
		}),
	);
	const own = extension(issuer, Oid.SUBJECT_KEY_IDENTIFIER, (value) => value.content(Tag.OCTET_STRING));
	return wanted === undefined || own === undefined || equal(wanted, own);
}

function extension<T>({ tbs }: Certificate, wanted: string, read: (value: DerReader) => T): T | undefined {
	let found: T | undefined;
	readDer(tbs, (reader) =>
		reader.inside(Tag.SEQUENCE, (fields) => {
			while (fields.tag !== undefined && fields.tag !== context(3)) fields.element();
			fields.optional(context(3), (extensions) =>
				extensions.each(Tag.SEQUENCE, (all) =>
					all.inside(Tag.SEQUENCE, (one) => {
						const id = one.oid();
						if (one.tag === Tag.BOOLEAN) one.boolean();
						const value = one.content(Tag.OCTET_STRING);
						if (id === wanted) found = readDer(value, read);
					}),
				),
			);
		}),
	);
	return found;
}
