/**
 * `ssl/certificates`: the body of the server's Certificate (RFC 5246 section 7.4.2), read part by part. One certificate is held while it
 * is read; then an extract of it, until the next one or an anchor is seen to have signed it, and of the leaf the key.
 *
 * Refused before it is held: a sixth certificate, a leaf over 6.5 KB, another over 3 KB, lengths that do not fit into each other.
 */
import { Digest } from "crypt";
import { concat } from "../../../src/base/bytes.ts";
import type { PublicKey } from "../../../src/x509/key.ts";
import { checkName, type Extract, extract, Path, read, untrusted } from "./cert.ts";
import { malformed } from "./error.ts";
import { fingerprint, type Kept, type Resuming } from "./resumption.ts";

/** A session, as far as it is needed here. */
export interface Authenticating {
	readonly host: string;
	/** DER certificates. */
	readonly anchors: readonly Uint8Array[];
	readonly resuming: Resuming | undefined;
	/** Wall clock, ms since 1970. */
	now(): number;
}

const MAX_CERTIFICATES = 5;
/** Of one: a hundred names, with a key and a signature of 4,096 bits, take 5 KB; microsoft.com's has 6,404 bytes. */
const MAX_BYTES = 6_656;
/** Of one above the leaf, of which an extract is held meanwhile: CAs have no list of names, and 2 KB with such keys. */
const MAX_ISSUER_BYTES = 3_072;
const LENGTH_BYTES = 3;
/** Nobody finds another certificate for 128 bits, and they are kept for as long as the device runs. */
const PRINT_BYTES = 16;

export default class Certificates {
	/** Bytes of the next part: a length or a certificate; 0: there is none. */
	wanted: number;
	readonly #session: Authenticating;
	readonly #now: number;
	readonly #isBehind: boolean;
	readonly #path: Path;
	/** Of the message, after the parts that came. */
	#left: number;
	/** Of certificates, the one that is expected included; -1: the length of the list is. */
	#count = -1;
	#isCertificate = false;
	#extract: Extract | undefined;
	#leafKey: PublicKey | undefined;
	/** Of host and anchors, and of all certificates up to the last on the way to the anchor. */
	#print: Uint8Array;
	/** Of each of them what is compared. */
	#prints: Uint8Array = new Uint8Array(0);
	/** A way that was verified earlier, where what came is its beginning. */
	#known: Kept | undefined;
	/** And its end. */
	#isKnown = false;

	/** `bytes`: of the body. */
	constructor(session: Authenticating, bytes: number) {
		const { host, anchors } = session;
		this.wanted = Math.min(LENGTH_BYTES, bytes);
		this.#session = session;
		this.#left = bytes;
		this.#now = session.now();
		this.#isBehind = Date.now() < this.#now;
		this.#path = new Path({ anchors, now: this.#now, isBehind: this.#isBehind });
		this.#print = fingerprint(host, anchors);
	}

	/** Reads a part, of which nothing is kept. Throws TLSError tls.protocol, tls.name, tls.untrusted. */
	take(part: Uint8Array): void {
		this.#left -= part.length;
		this.wanted = Math.min(LENGTH_BYTES, this.#left);
		if (this.#isCertificate) this.#read(part);
		else this.#begin(part);
	}

	/** Judges what was read. Throws TLSError tls.expired, tls.algorithm, tls.untrusted. */
	verify(): void {
		const certificate = this.#extract;
		if (certificate === undefined) return;
		this.#extract = undefined;
		this.#path.add(certificate, this.#known !== undefined);
	}

	/** The leaf's key, once all is verified. Throws TLSError as `verify` does. */
	end(): PublicKey {
		if (this.#count === 0) throw untrusted("the server sent no certificate");
		this.#path.end();
		const { resuming } = this.#session;
		const { notAfter } = this.#path;
		if (resuming !== undefined) {
			resuming.notAfter = notAfter;
			if (!this.#isBehind && !this.#isKnown)
				resuming.store.verified({ parties: this.#prints, from: this.#now, until: notAfter });
		}
		return this.#leafKey!;
	}

	#begin(part: Uint8Array): void {
		const length = (part[0]! << 16) | (part[1]! << 8) | part[2]!;
		const isList = this.#count < 0;
		const most = this.#count === 0 ? MAX_BYTES : MAX_ISSUER_BYTES;
		const fits = isList ? length === this.#left : length <= Math.min(this.#left, most);
		if (part.length < LENGTH_BYTES || !fits) throw malformed("Certificate");
		if (this.#count++ === MAX_CERTIFICATES)
			throw untrusted(`the server sent more than ${MAX_CERTIFICATES} certificates`);
		if (isList) return;
		this.#isCertificate = true;
		this.wanted = length;
		if (length === 0) this.#read(part.subarray(LENGTH_BYTES)); // there will be no part of no bytes
	}

	#read(der: Uint8Array): void {
		const { host, anchors, resuming } = this.#session;
		const isOfPath = !this.#path.isAnchored;
		this.#isCertificate = false;
		if (isOfPath) {
			this.#print = new Uint8Array(new Digest("SHA256").process(this.#print, der));
			this.#prints = concat(this.#prints, this.#print.subarray(0, PRINT_BYTES));
			// A clock that is behind has not said that no certificate is too young.
			const known = this.#isBehind ? undefined : resuming?.store.known(this.#prints, this.#now);
			this.#known = known;
			this.#isKnown = known?.parties.length === this.#prints.length;
			if (this.#isKnown) this.#path.anchor(known!.until);
			if (this.#isKnown && this.#leafKey !== undefined) return; // it was read then
		}
		const certificate = read(der, `certificate ${this.#count - 1}`);
		if (this.#leafKey === undefined) checkName(certificate, host);
		else if (!isOfPath) return;
		const extracted = extract(certificate, anchors);
		this.#leafKey ??= extracted.publicKey;
		this.#extract = extracted;
	}
}
