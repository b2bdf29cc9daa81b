/**
 * What a cloud need not find out again of certificates: what it reads in them, and which key has signed which. Both follow from
 * their bytes alone and stay true; what may change, time and trusted roots, is looked at each time (ca.ts).
 */
import { hash, X509Certificate } from "node:crypto";
import type { Leaf } from "./leaf.ts";
import type { CertificateRequest } from "./pki.ts";

/** A certificate, read. */
export interface Read extends Facts {
	readonly bytes: Uint8Array;
}

interface Facts {
	/** SHA-256 of the bytes. */
	readonly name: string;
	/** Whose it is and who it says has issued it: SHA-256 of a form in which names that OpenSSL takes for the same are equal. */
	readonly subject: string;
	readonly issuer: string;
	/** Of a longer one the beginning: no device's. */
	readonly commonName: string;
	readonly isAuthority: boolean;
	/** Upper-case hex; of a longer one than RFC 5280 allows the beginning. */
	readonly serial: string;
	/** Milliseconds since 1970. */
	readonly notBefore: number;
	readonly notAfter: number;
}

/** Certificates and pairs of them, a few hundred bytes each, whatever is in them: strangers present any. */
const MOST = 50_000;
/** Of a certificate that is kept; what is longer is read anew each time. */
const MOST_CERTIFICATE_BYTES = 4096;
/** Of a text that is kept. */
const MOST_CHARACTERS = 256;

export class Known {
	readonly #read = new Map<string, Facts>();
	/** By the names of both. */
	readonly #isIssuedBy = new Map<string, boolean>();

	/** Throws where the bytes are no certificate. */
	read(bytes: Uint8Array): Read {
		const name = hash("sha256", bytes, "base64");
		const find = () => factsOf(name, bytes);
		const facts = bytes.length > MOST_CERTIFICATE_BYTES ? find() : recall(this.#read, name, find);
		return { ...facts, bytes };
	}

	/** By its names, its extensions and its signature. */
	isIssuedBy(certificate: Read, issuer: Read): boolean {
		if (certificate.issuer !== issuer.subject) return false;
		return recall(this.#isIssuedBy, pair(certificate, issuer), () => {
			const [above, below] = [new X509Certificate(issuer.bytes), new X509Certificate(certificate.bytes)];
			return below.checkIssued(above) && below.verify(above.publicKey);
		});
	}

	/** It has just been issued so. */
	issued({ der, serial }: Leaf, { commonName, notBefore, notAfter }: CertificateRequest, issuer: Read): void {
		const name = hash("sha256", der, "base64");
		const subject = folded(`CN=${commonName}`);
		const facts = {
			name,
			subject,
			issuer: issuer.subject,
			commonName,
			isAuthority: false,
			serial,
			notBefore,
			notAfter,
		};
		recall(this.#read, name, () => facts);
		recall(this.#isIssuedBy, pair(facts, issuer), () => true);
	}
}

function factsOf(name: string, bytes: Uint8Array): Facts {
	const { subject, issuer, ca, serialNumber, validFrom, validTo } = new X509Certificate(bytes);
	return {
		name,
		subject: folded(subject),
		issuer: folded(issuer),
		commonName: own(/^CN=(.*)$/m.exec(subject)?.[1] ?? ""),
		isAuthority: ca,
		serial: own(serialNumber),
		notBefore: Date.parse(validFrom),
		notAfter: Date.parse(validTo),
	};
}

/** OpenSSL compares without case and repeated spaces (X509_NAME_cmp); a backslash is Node's, before what a name must not begin or end with. */
const folded = (name: string): string => hash("sha256", name.toLowerCase().replace(/[ \\]/g, ""), "base64");

/** A text of its own, which keeps nothing of the one that it was found in. */
const own = (text: string): string => Buffer.from(text.slice(0, MOST_CHARACTERS)).toString();

const pair = (certificate: Facts, issuer: Facts): string => certificate.name + issuer.name;

/** The oldest is forgotten first. */
function recall<T>(all: Map<string, T>, name: string, find: () => T): T {
	const known = all.get(name);
	if (known !== undefined) return known;
	const found = find();
	all.set(name, found);
	if (all.size > MOST) all.delete(all.keys().next().value!);
	return found;
}
