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
import { Oid } from "../../../src/x509/oid.ts";
import TLSError, { Alert } from "./error.ts";
import { judge } from "./signature.ts";

export const MAX_CERTIFICATES = 5;

export interface Expected {
	/** DNS name or IPv4 address, as the client wrote it. */
	readonly host: string;
	/** DER certificates. */
	readonly anchors: readonly Uint8Array[];
	/** Wall clock, ms since 1970. */
	readonly now: number;
	/**
	 * The clock is known to be behind even `now`, which is a guess then: whoever has issued a certificate knew better, and none is
	 * too young.
	 */
	readonly isBehind?: boolean;
	/** This chain was verified before, for the same name and anchors: that holds until then. */
	readonly verifiedUntil?: number | undefined;
}

export interface Authenticated {
	readonly leaf: Certificate;
	/** When the first on the way to the anchor expires, itself included, ms since 1970. */
	readonly notAfter: number;
}

/** Throws TLSError tls.name, tls.expired, tls.algorithm, tls.untrusted. Signatures last: they cost most. */
export default function authenticate(
	chain: readonly Uint8Array[],
	{ host, verifiedUntil, ...expected }: Expected,
): Authenticated {
	if (chain.length === 0 || chain.length > MAX_CERTIFICATES) throw tooManyCertificates(chain.length);
	if (verifiedUntil !== undefined) return { leaf: named(chain[0]!, host), notAfter: verifiedUntil };
	// All must be readable, but only those at work are kept: a chain read at once is the peak of a small device's memory.
	for (const [index, der] of chain.entries()) read(der, `certificate ${index}`);
	for (const [index, der] of expected.anchors.entries()) read(der, `anchor ${index}`);
	return validate(named(chain[0]!, host), chain, expected);
}

function named(der: Uint8Array, host: string): Certificate {
	const leaf = parseCertificate(der);
	if (!names(leaf, host)) throw new TLSError(`the certificate is not for ${host}`, "tls.name");
	return leaf;
}

/** The path from `leaf`, the first of `chain`, whatever its name. All of them are readable. */
export function validate(
	leaf: Certificate,
	chain: readonly Uint8Array[],
	{ anchors, ...dates }: Omit<Expected, "host" | "verifiedUntil">,
): Authenticated {
	if (leaf.digitalSignature === false)
		throw new TLSError("the leaf's key may not sign", "tls.untrusted", Alert.UNSUPPORTED_CERTIFICATE);
	checkPurpose(leaf, "certificate 0");

	let intermediates = 0;
	let notAfter = leaf.notAfter;
	let certificate = leaf;
	let reason: TLSError | undefined;
	for (let index = 0; ; index++) {
		checkUsable(certificate, dates, `certificate ${index}`);
		notAfter = Math.min(notAfter, certificate.notAfter);
		if (anchors.some((der) => equal(der, certificate.der))) return { leaf, notAfter };
		checkPurpose(certificate, `certificate ${index}`);
		if (index > 0 && !equal(certificate.issuer, certificate.subject)) intermediates++;
		for (const der of anchors) {
			const anchor = parseCertificate(der);
			const verdict = judgeIssuer(certificate, anchor);
			if (verdict === "unchecked") reason ??= unchecked(index);
			if (verdict !== "right") continue;
			try {
				checkIssuer(anchor, intermediates, `the anchor of certificate ${index}`);
				checkUsable(anchor, dates, `the anchor of certificate ${index}`);
				return { leaf, notAfter: Math.min(notAfter, anchor.notAfter) };
			} catch (thrown) {
				// Its renewal may be among the others, or above: a roll-over ships both. A date is the best reason there is.
				if (reason?.code !== "tls.expired") reason = thrown as TLSError;
			}
		}
		const next = chain[index + 1];
		const issuer = next && parseCertificate(next);
		if (issuer === undefined || !equal(issuer.subject, certificate.issuer))
			throw reason ?? untrusted(`certificate ${index} was issued by none that follows, and by no anchor`);
		checkIssuer(issuer, intermediates, `certificate ${index + 1}`);
		const verdict = judgeIssuer(certificate, issuer);
		if (verdict === "unchecked") throw unchecked(index);
		if (verdict === "wrong")
			throw new TLSError(`the signature of certificate ${index} is wrong`, "tls.untrusted", Alert.BAD_CERTIFICATE);
		certificate = issuer;
	}
}

function read(der: Uint8Array, what: string): Certificate {
	try {
		return parseCertificate(der);
	} catch (thrown) {
		throw new TLSError(`${what}: ${(thrown as Error).message}`, "tls.untrusted", Alert.BAD_CERTIFICATE);
	}
}

function names(leaf: Certificate, host: string): boolean {
	try {
		return matchesHost(leaf, host);
	} catch (thrown) {
		throw new TLSError(`the leaf's names: ${(thrown as Error).message}`, "tls.untrusted", Alert.BAD_CERTIFICATE);
	}
}

/** By name and by signature. */
function judgeIssuer({ issuer, signatureAlgorithm, tbs, signature }: Certificate, by: Certificate) {
	return equal(issuer, by.subject) ? judge(by.publicKey, signatureAlgorithm, tbs, signature) : "wrong";
}

const unchecked = (index: number): TLSError =>
	new TLSError(
		`the signature of certificate ${index} has an algorithm or a key that is not taken here`,
		"tls.algorithm",
	);

/** RFC 5280 section 4.2.1.12. That a CA's list bounds what it issues is not said there, yet everybody relies on it. */
function checkPurpose({ extendedKeyUsage }: Certificate, what: string): void {
	if (!(extendedKeyUsage?.some((usage) => usage === Oid.SERVER_AUTH || usage === Oid.ANY_USAGE) ?? true))
		throw untrusted(`${what} is not for servers: ${extendedKeyUsage}`);
}

/** `intermediates`: how many CAs below, not counting those that issued to themselves. */
function checkIssuer({ isCa, keyCertSign, pathLength }: Certificate, intermediates: number, what: string): void {
	if (!isCa || keyCertSign === false) throw untrusted(`${what} is not a CA`);
	if (pathLength !== undefined && intermediates > pathLength)
		throw untrusted(`${what} allows ${pathLength} CAs below it, there are ${intermediates}`);
}

type Dates = Pick<Expected, "now" | "isBehind">;

function checkUsable(certificate: Certificate, { now, isBehind = false }: Dates, what: string): void {
	const { notBefore, notAfter, unknownCritical } = certificate;
	if (unknownCritical.length > 0) throw untrusted(`${what} has unknown critical extensions: ${unknownCritical}`);
	if (!isBehind && now < notBefore) throw new TLSError(`${what} is not valid yet`, "tls.expired");
	if (now > notAfter) throw new TLSError(`${what} has expired`, "tls.expired");
}

export const tooManyCertificates = (count: number): TLSError =>
	untrusted(`the server sent ${count} certificates, expected 1 to ${MAX_CERTIFICATES}`);

const untrusted = (message: string): TLSError => new TLSError(message, "tls.untrusted");
