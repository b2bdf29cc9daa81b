/**
 * `ssl/cert`: is the server who it claims to be? Takes the place of the SDK's check, which accepts a leaf that nobody
 * signed when any genuine certificate follows it.
 *
 * RFC 5280 section 6.1 for a chain in the order sent, at most five certificates, up to a pinned anchor; of several that fit (a root
 * and its renewal) one must do. Every link: names,
 * signature, CA flag, path length, keyUsage, dates. Refused as well: unknown critical extensions, name constraints, and an extended
 * key usage without server authentication, in the leaf and in every CA below the anchor: a CA for e-mail issues no servers.
 */
import { equal } from "../../../src/base/bytes.ts";
import { type Certificate, parseCertificate } from "../../../src/x509/certificate.ts";
import { matchesHost } from "../../../src/x509/host.ts";
import { parsePublicKey } from "../../../src/x509/key.ts";
import { Oid } from "../../../src/x509/oid.ts";
import TLSError, { Alert } from "./error.ts";
import { digestOf, judge } from "./signature.ts";

export interface Expected {
	/** DER certificates. */
	readonly anchors: readonly Uint8Array[];
	/** Wall clock, ms since 1970. */
	readonly now: number;
	/**
	 * The clock is known to be behind even `now`, which is a guess then: whoever has issued a certificate knew better, and none is
	 * too young.
	 */
	readonly isBehind?: boolean;
}

/** What a path needs of a certificate. Its bytes, a hundred names among them, are gone before a signature is verified. */
export interface Extract
	extends Omit<Certificate, "der" | "tbs" | "spki" | "commonName" | "serial" | "subjectAltName"> {
	/** Of what is signed. */
	readonly digest: Uint8Array;
	/** It is pinned itself. */
	readonly isAnchor: boolean;
}

/** Throws TLSError tls.untrusted. */
export function read(der: Uint8Array, what: string): Certificate {
	try {
		return parseCertificate(der);
	} catch (thrown) {
		throw unreadable(what, thrown);
	}
}

/** `host`: DNS name or IPv4 address, as the client wrote it. Throws TLSError tls.name, tls.untrusted. */
export function checkName(leaf: Certificate, host: string): void {
	let isNamed: boolean;
	try {
		isNamed = matchesHost(leaf, host);
	} catch (thrown) {
		throw unreadable("the leaf's names", thrown);
	}
	if (!isNamed) throw new TLSError(`the certificate is not for ${host}`, "tls.name");
}

/** SubjectPublicKeyInfo and a signature of 4,096 bits of RSA; what is larger is not taken, and not copied either. */
const MAX_KEY_BYTES = 576;
const MAX_SIGNATURE_BYTES = 512;

/** Copies: a view would keep the whole certificate. */
export function extract(certificate: Certificate, anchors: readonly Uint8Array[]): Extract {
	const { der, tbs, spki, commonName, serial, subjectAltName, ...rest } = certificate;
	const isTaken = rest.signature.length <= MAX_SIGNATURE_BYTES;
	return {
		...rest,
		subject: rest.subject.slice(),
		issuer: rest.issuer.slice(),
		publicKey: spki.length > MAX_KEY_BYTES ? { type: "unknown" } : parsePublicKey(spki.slice()),
		signatureAlgorithm: isTaken ? rest.signatureAlgorithm : "unknown",
		signature: rest.signature.slice(0, MAX_SIGNATURE_BYTES),
		digest: digestOf(rest.signatureAlgorithm, tbs),
		isAnchor: anchors.some((anchor) => equal(anchor, der)),
	};
}

/** From the leaf upwards, whatever its name; all certificates are readable. */
export class Path {
	/** What else is sent has no part in it. */
	isAnchored = false;
	/** When the first on the way to the anchor expires, itself included, ms since 1970. */
	notAfter = Number.POSITIVE_INFINITY;
	readonly #expected: Expected;
	#last: Extract | undefined;
	#isJudged = false;
	#index = -1;
	#intermediates = 0;
	#reason: TLSError | undefined;

	constructor(expected: Expected) {
		this.#expected = expected;
	}

	/**
	 * The next certificate, as sent. `isKnown`: on a way that was verified, and does not end with it; what it is itself is judged when what
	 * follows is another. Throws TLSError tls.expired, tls.algorithm, tls.untrusted. Signatures last: they cost most.
	 */
	add(certificate: Extract, isKnown = false): void {
		if (!isKnown) this.#judgeLast();
		if (this.isAnchored) return;
		const below = this.#last;
		if (below !== undefined && !equal(certificate.subject, below.issuer)) this.end();
		this.#index++;
		if (below !== undefined && !isKnown) {
			checkIssuer(certificate, this.#intermediates, `certificate ${this.#index}`);
			checkSignature(below, certificate, this.#index - 1);
		}
		if (below !== undefined && !equal(certificate.issuer, certificate.subject)) this.#intermediates++;
		this.#last = certificate;
		this.#isJudged = false;
		this.notAfter = Math.min(this.notAfter, certificate.notAfter);
		if (!isKnown) this.#judgeLast();
	}

	/** It leads to an anchor that expires then. */
	anchor(notAfter: number): void {
		this.isAnchored = true;
		this.notAfter = Math.min(this.notAfter, notAfter);
	}

	/** No other certificate has a part in it. Throws TLSError as `add` does. */
	end(): void {
		this.#judgeLast();
		if (!this.isAnchored)
			throw this.#reason ?? untrusted(`certificate ${this.#index} was issued by none that follows, and by no anchor`);
	}

	#judgeLast(): void {
		const certificate = this.#last;
		if (this.isAnchored || this.#isJudged || certificate === undefined) return;
		this.#isJudged = true;
		const what = `certificate ${this.#index}`;
		if (this.#index === 0) {
			if (certificate.digitalSignature === false)
				throw new TLSError("the leaf's key may not sign", "tls.untrusted", Alert.UNSUPPORTED_CERTIFICATE);
			checkPurpose(certificate, "certificate 0");
		}
		checkUsable(certificate, this.#expected, what);
		if (certificate.isAnchor) this.isAnchored = true;
		else {
			checkPurpose(certificate, what);
			this.#tryAnchors(certificate);
		}
	}

	#tryAnchors(certificate: Extract): void {
		const what = `the anchor of certificate ${this.#index}`;
		for (const der of this.#expected.anchors) {
			const anchor = read(der, "an anchor");
			const verdict = judgeIssuer(certificate, anchor);
			if (verdict === "unchecked") this.#reason ??= unchecked(this.#index);
			if (verdict !== "right") continue;
			try {
				checkIssuer(anchor, this.#intermediates, what);
				checkUsable(anchor, this.#expected, what);
				this.anchor(anchor.notAfter);
				return;
			} catch (thrown) {
				// Its renewal may be among the others, or above: a roll-over ships both. A date is the best reason there is.
				if (this.#reason?.code !== "tls.expired") this.#reason = thrown as TLSError;
			}
		}
	}
}

function checkSignature(certificate: Extract, by: Extract, index: number): void {
	const verdict = judgeIssuer(certificate, by);
	if (verdict === "unchecked") throw unchecked(index);
	if (verdict === "wrong")
		throw new TLSError(`the signature of certificate ${index} is wrong`, "tls.untrusted", Alert.BAD_CERTIFICATE);
}

/** By name and by signature. */
function judgeIssuer(
	{ issuer, signatureAlgorithm, digest, signature }: Extract,
	by: Pick<Certificate, "subject" | "publicKey">,
) {
	return equal(issuer, by.subject) ? judge(by.publicKey, signatureAlgorithm, digest, signature) : "wrong";
}

const unreadable = (what: string, thrown: unknown): TLSError =>
	new TLSError(`${what}: ${(thrown as Error).message}`, "tls.untrusted", Alert.BAD_CERTIFICATE);

const unchecked = (index: number): TLSError =>
	new TLSError(
		`the signature of certificate ${index} has an algorithm or a key that is not taken here`,
		"tls.algorithm",
	);

/** RFC 5280 section 4.2.1.12. That a CA's list bounds what it issues is not said there, yet everybody relies on it. */
function checkPurpose({ extendedKeyUsage }: Pick<Certificate, "extendedKeyUsage">, what: string): void {
	if (!(extendedKeyUsage?.some((usage) => usage === Oid.SERVER_AUTH || usage === Oid.ANY_USAGE) ?? true))
		throw untrusted(`${what} is not for servers: ${some(extendedKeyUsage)}`);
}

/** `intermediates`: how many CAs below, not counting those that issued to themselves. */
function checkIssuer(
	{ isCa, keyCertSign, pathLength }: Pick<Certificate, "isCa" | "keyCertSign" | "pathLength">,
	intermediates: number,
	what: string,
): void {
	if (!isCa || keyCertSign === false) throw untrusted(`${what} is not a CA`);
	if (pathLength !== undefined && intermediates > pathLength)
		throw untrusted(`${what} allows ${pathLength} CAs below it, there are ${intermediates}`);
}

function checkUsable(
	{ notBefore, notAfter, unknownCritical }: Pick<Certificate, "notBefore" | "notAfter" | "unknownCritical">,
	{ now, isBehind = false }: Expected,
	what: string,
): void {
	if (unknownCritical.length > 0) throw untrusted(`${what} has unknown critical extensions: ${some(unknownCritical)}`);
	if (!isBehind && now < notBefore) throw new TLSError(`${what} is not valid yet`, "tls.expired");
	if (now > notAfter) throw new TLSError(`${what} has expired`, "tls.expired");
}

/** In a message, which is held more than once. */
const some = (ids: readonly string[] = []): string => ids.slice(0, 3).join();

export const untrusted = (message: string): TLSError => new TLSError(message, "tls.untrusted");
