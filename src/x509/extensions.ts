/**
 * Certificate extensions (RFC 5280 section 4.2.1): basicConstraints, keyUsage, extKeyUsage, subjectAltName.
 *
 * Certificate policies are known and ignored: a device asks for none. Everything else that is marked critical is listed by
 * its object identifier; so are name constraints, critical or not, because whoever passes over them trusts a CA with more than it
 * was given, and critical policies with a qualifier that RFC 5280 section 4.2.1.4 does not name. Refused with Fault
 * x509.certificate: an extension that occurs twice, more than 32 of them, more than 16 usages.
 */
import { Fault } from "../fault.ts";
import { type DerReader, readDer, Tag } from "./der.ts";
import { Oid } from "./oid.ts";

export interface Extensions {
	/** basicConstraints: may issue certificates; absent: nothing is said, as in certificates of version 1. */
	readonly isCa?: boolean;
	/** How many intermediates may follow this CA; absent: any number. */
	readonly pathLength?: number;
	/** keyUsage; absent together when the certificate does not restrict its key. */
	readonly keyCertSign?: boolean;
	readonly digitalSignature?: boolean;
	/** extKeyUsage, object identifiers, the first four and those for TLS; absent: unrestricted. */
	readonly extendedKeyUsage?: readonly string[];
	/** GeneralNames, DER: read one by one when a host is looked for (host.ts), because nobody bounds their number. */
	readonly subjectAltName?: Uint8Array;
	/** Object identifiers of critical extensions that are not read here, and of name constraints: the first four. */
	readonly unknownCritical: readonly string[];
}

/** Public certificates have a dozen; each costs a small device a text. */
const MOST_EXTENSIONS = 32;
const MOST_USAGES = 16;
/** That are kept: each is a text. */
const MOST_KEPT = 4;

export function readExtensions(reader: DerReader): Extensions {
	const seen: number[] = [];
	const unknownCritical: string[] = [];
	const note = (id: string): boolean => unknownCritical.length < MOST_KEPT && unknownCritical.push(id) > 0;
	let found: Partial<Extensions> = {};
	reader.each(Tag.SEQUENCE, (extensions) =>
		extensions.inside(Tag.SEQUENCE, (extension) => {
			const id = extension.oid();
			if (seen.length === MOST_EXTENSIONS) throw tooMany("extensions", MOST_EXTENSIONS);
			const sum = sumOf(id);
			if (seen.includes(sum)) throw new Fault("x509.certificate", `extension ${id} occurs twice`);
			seen.push(sum);
			const critical = extension.tag === Tag.BOOLEAN && extension.boolean();
			const value = extension.content(Tag.OCTET_STRING);
			const read = readerOf(id);
			if (read !== undefined) found = { ...found, ...readDer(value, read) };
			else if (id === Oid.CERTIFICATE_POLICIES) {
				if (!readDer(value, arePoliciesKnown) && critical) note(id);
			} else if (critical || id === Oid.NAME_CONSTRAINTS) note(id);
		}),
	);
	return { ...found, unknownCritical };
}

/** Stands for its text, of which 32 would fill a small device. Two of one certificate that share it, one chance in ten million, are refused. */
function sumOf(id: string): number {
	let sum = 0;
	for (let i = 0; i < id.length; i++) sum = (Math.imul(sum, 31) + id.charCodeAt(i)) | 0;
	return sum;
}

function readerOf(id: string): ((value: DerReader) => Partial<Extensions>) | undefined {
	switch (id) {
		case Oid.BASIC_CONSTRAINTS:
			return readBasicConstraints;
		case Oid.KEY_USAGE:
			return readKeyUsage;
		case Oid.EXTENDED_KEY_USAGE:
			return readExtendedKeyUsage;
		case Oid.SUBJECT_ALT_NAME:
			return readSubjectAltName;
		default:
			return undefined;
	}
}

function readBasicConstraints(value: DerReader): Partial<Extensions> {
	return value.inside(Tag.SEQUENCE, (constraints) => {
		const isCa = constraints.tag === Tag.BOOLEAN && constraints.boolean();
		if (constraints.tag === undefined) return { isCa };
		const limit = constraints.unsigned();
		// More than one byte says, as some tools write for "no limit", is none to any chain that is looked at.
		return limit.length > 1 ? { isCa } : { isCa, pathLength: limit[0]! };
	});
}

/** Bits count from the left: digitalSignature (0), keyCertSign (5). */
function readKeyUsage(value: DerReader): Partial<Extensions> {
	const first = value.bits().bytes[0] ?? 0;
	return { digitalSignature: (first & 0x80) !== 0, keyCertSign: (first & 0x04) !== 0 };
}

function readExtendedKeyUsage(value: DerReader): Partial<Extensions> {
	const extendedKeyUsage: string[] = [];
	let count = 0;
	value.each(Tag.SEQUENCE, (usages) => {
		const id = usages.oid();
		if (++count > MOST_USAGES) throw tooMany("key usages", MOST_USAGES);
		if (count <= MOST_KEPT || id === Oid.SERVER_AUTH || id === Oid.CLIENT_AUTH || id === Oid.ANY_USAGE)
			extendedKeyUsage.push(id);
	});
	return { extendedKeyUsage };
}

function readSubjectAltName(value: DerReader): Partial<Extensions> {
	return { subjectAltName: value.element(Tag.SEQUENCE) };
}

function tooMany(what: string, most: number): Fault {
	return new Fault("x509.certificate", `more than ${most} ${what}`);
}

/** PolicyInformation: an identifier, and qualifiers of known kinds or none. */
function arePoliciesKnown(value: DerReader): boolean {
	let known = true;
	value.each(Tag.SEQUENCE, (policies) =>
		policies.inside(Tag.SEQUENCE, (policy) => {
			policy.oid();
			if (policy.tag === undefined) return;
			policy.each(Tag.SEQUENCE, (qualifiers) =>
				qualifiers.inside(Tag.SEQUENCE, (qualifier) => {
					const id = qualifier.oid();
					known &&= id === Oid.CPS_QUALIFIER || id === Oid.USER_NOTICE_QUALIFIER;
					qualifier.element();
				}),
			);
		}),
	);
	return known;
}
