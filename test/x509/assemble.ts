/** Certificates that no tool would make. */
import { utf8 } from "../../src/base/bytes.ts";
import { bitString, context, element, oid, sequence, smallInteger, Tag } from "../../src/x509/der.ts";
import { encodeName } from "../../src/x509/name.ts";

interface Parts {
	serial?: Uint8Array;
	issuer?: Uint8Array;
	subject?: Uint8Array;
	version?: number;
	outer?: string;
	notAfter?: string;
	extensions?: Uint8Array[];
}

/** A certificate with a signature of nobody. */
export function assemble({
	version = 2,
	serial = smallInteger(1),
	issuer = encodeName("whoever"),
	subject = encodeName("part"),
	outer = "1.2.840.10045.4.3.2",
	notAfter = "270101000000Z",
	extensions = [],
}: Parts) {
	const time = (text: string) => element(Tag.UTC_TIME, utf8(text));
	const tbs = sequence(
		element(context(0), smallInteger(version)),
		serial,
		sequence(oid("1.2.840.10045.4.3.2")),
		issuer,
		sequence(time("260101000000Z"), time(notAfter)),
		subject,
		sequence(sequence(oid("1.3.101.112")), bitString(new Uint8Array(32))),
		...(extensions.length > 0 ? [element(context(3), sequence(...extensions))] : []),
	);
	return sequence(tbs, sequence(oid(outer)), bitString(Uint8Array.of(0)));
}
