/** Distinguished names (RFC 5280 section 4.1.2.4): written as one common name, read for the common name. */
import { fromUnits, utf8Text } from "../base/bytes.ts";
import { Fault } from "../fault.ts";
import { type DerReader, element, oid, readDer, sequence, Tag, utf8String } from "./der.ts";
import { Oid } from "./oid.ts";

export function encodeName(commonName: string): Uint8Array {
	return sequence(element(Tag.SET, sequence(oid(Oid.COMMON_NAME), utf8String(commonName))));
}

/** The common name of a DER Name; undefined when there is none, or more than one (nobody could say which counts). */
export function commonNameOf(name: Uint8Array): string | undefined {
	const found: string[] = [];
	readDer(name, (reader) =>
		reader.each(Tag.SEQUENCE, (names) =>
			names.each(Tag.SET, (attributes) =>
				attributes.inside(Tag.SEQUENCE, (attribute) => {
					if (attribute.oid() === Oid.COMMON_NAME) found.push(readText(attribute));
					else attribute.element();
				}),
			),
		),
	);
	return found.length === 1 ? found[0] : undefined;
}

/** DirectoryString in the forms that are met in the wild. */
function readText(reader: DerReader): string {
	const tag = reader.tag;
	switch (tag) {
		case Tag.UTF8_STRING:
			try {
				return utf8Text(reader.content(tag));
			} catch (thrown) {
				throw Fault.of(thrown, "x509.der");
			}
		case Tag.PRINTABLE_STRING:
		case Tag.TELETEX_STRING:
		case Tag.IA5_STRING:
			return fromUnits(reader.content(tag));
		case Tag.BMP_STRING:
			return ucs2(reader.content(tag));
		default:
			throw new Fault("x509.der", `common name in a string type that is not read (tag ${tag})`);
	}
}

function ucs2(bytes: Uint8Array): string {
	if (bytes.length % 2 !== 0) throw new Fault("x509.der", "BMPString of an odd number of bytes");
	return fromUnits(Uint16Array.from({ length: bytes.length / 2 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!));
}
