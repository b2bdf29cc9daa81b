/**
 * Chains of issued certificates: put in order, and checked before anything is stored (RFC 5280 section 6.1, the owner's part).
 *
 * Order is detected, not assumed: the leaf is the certificate with our key. Every link is checked by name, CA flag, path
 * length and signature; the device has no RSA, so a link signed by an RSA issuer counts as unverified and is reported.
 * Faults: cert.missing, cert.key-mismatch, cert.name-mismatch, cert.chain, cert.expired.
 */
import { equal, hex } from "../base/bytes.ts";
import { Fault } from "../fault.ts";
import type { Certificate } from "./certificate.ts";
import { checkSignature } from "./signature.ts";

/** Leaf, policy, credential root: 3 are expected. */
const MAX_CERTIFICATES = 8;

/** Leaf first, each followed by its issuer. Copies and alternatives are dropped; a certificate that links to none is a Fault. */
export function orderChain(certificates: readonly Certificate[], leafSpki: Uint8Array): Certificate[] {
	if (certificates.length === 0) throw new Fault("cert.missing", "the chain is empty");
	if (certificates.length > MAX_CERTIFICATES)
		throw new Fault("cert.chain", `${certificates.length} certificates, the limit is ${MAX_CERTIFICATES}`);
	const leaf = certificates.find(({ spki }) => equal(spki, leafSpki));
	if (leaf === undefined)
		throw new Fault("cert.key-mismatch", `none of ${certificates.length} certificates carries the device's key`);
	const chain = [leaf];
	for (let last = leaf; !isSelfIssued(last); ) {
		const issuer = issuerAmong(certificates, last, chain);
		if (issuer === undefined) break;
		chain.push(issuer);
		last = issuer;
	}
	for (const certificate of certificates) {
		if (!chain.some(({ subject }) => equal(subject, certificate.subject)))
			throw new Fault(
				"cert.chain",
				`a link is missing between ${describe(chain.at(-1)!)} and ${describe(certificate)}`,
			);
	}
	return chain;
}

/** "unverified": both are RSA. Throws Fault cert.chain when `issuer` did not, or may not, issue `certificate`. */
export function verifyLink(certificate: Certificate, issuer: Certificate): "verified" | "unverified" {
	const link = `${describe(certificate)}, issued by ${describe(issuer)}`;
	if (!equal(certificate.issuer, issuer.subject)) throw new Fault("cert.chain", `${link}: the names differ`);
	if (!issuer.isCa || issuer.keyCertSign === false) throw new Fault("cert.chain", `${link}: the issuer is not a CA`);
	switch (checkSignature(certificate.signatureAlgorithm, issuer.publicKey, certificate.tbs, certificate.signature)) {
		case "right":
			return "verified";
		case "unchecked":
			return "unverified";
		case "wrong":
			throw new Fault(
				"cert.chain",
				`${link}: the signature (${certificate.signatureAlgorithm}) is not that of the issuer's ${issuer.publicKey.type} key`,
			);
	}
}

export interface Expected {
	/** SubjectPublicKeyInfo of the key that was in the request. */
	readonly spki: Uint8Array;
	readonly commonName: string;
	/** Wall clock, ms since 1970. */
	readonly now: number;
}

export interface Findings {
	/** Links signed with RSA, which were not verified. */
	readonly unverifiedLinks: number;
	/** The clock is before some notBefore: reported, never a reason to refuse, because the clock is the likelier culprit. */
	readonly notYetValid: boolean;
}

/** Checks a chain in order (see orderChain) against what was asked for. */
export function checkIssued(chain: readonly Certificate[], expected: Expected): Findings {
	const leaf = chain[0];
	if (leaf === undefined) throw new Fault("cert.missing", "the chain is empty");
	if (!equal(leaf.spki, expected.spki)) throw new Fault("cert.key-mismatch", "the first certificate has another key");
	if (!sameId(leaf.commonName, expected.commonName))
		throw new Fault("cert.name-mismatch", `expected CN=${expected.commonName}, got ${describe(leaf)}`);
	let unverifiedLinks = 0;
	for (const [index, certificate] of chain.entries()) {
		const issuer = chain[index + 1] ?? (isSelfIssued(certificate) ? certificate : undefined);
		if (issuer === undefined) break;
		if (verifyLink(certificate, issuer) === "unverified") unverifiedLinks++;
		if (issuer !== certificate && index > (issuer.pathLength ?? MAX_CERTIFICATES))
			throw new Fault("cert.chain", `${describe(issuer)} allows ${issuer.pathLength} intermediates, got ${index}`);
	}
	for (const certificate of chain) {
		if (certificate.notAfter < expected.now)
			throw new Fault(
				"cert.expired",
				`${describe(certificate)} ended ${iso(certificate.notAfter)}, now ${iso(expected.now)}`,
			);
	}
	return { unverifiedLinks, notYetValid: chain.some(({ notBefore }) => notBefore > expected.now) };
}

/** Issuer and subject are the same name: a root. */
export function isSelfIssued(certificate: Certificate): boolean {
	return equal(certificate.issuer, certificate.subject);
}

/** Of several with the right name (a CA that changed its key), the one whose signature fits. */
function issuerAmong(
	certificates: readonly Certificate[],
	certificate: Certificate,
	taken: readonly Certificate[],
): Certificate | undefined {
	const named = certificates.filter(
		(candidate) => equal(candidate.subject, certificate.issuer) && !taken.includes(candidate),
	);
	if (named.length < 2) return named[0]; // checkIssued verifies it; once is enough on a slow device
	return named.find((candidate) => fits(certificate, candidate)) ?? named[0];
}

function fits(certificate: Certificate, issuer: Certificate): boolean {
	const { signatureAlgorithm, tbs, signature } = certificate;
	return checkSignature(signatureAlgorithm, issuer.publicKey, tbs, signature) !== "wrong";
}

/** Registration ids do not distinguish case (DPS), so neither does the name that comes back. */
function sameId(a: string | undefined, b: string): boolean {
	return a !== undefined && a.toLowerCase() === b.toLowerCase();
}

function describe(certificate: Certificate): string {
	const { commonName, subject } = certificate;
	return commonName === undefined
		? `subject ${hex(subject.subarray(0, 32))}`
		: `CN=${JSON.stringify(commonName.slice(0, 64))}`;
}

/** Foreign clocks and dates may be outside what Date can print. */
function iso(milliseconds: number): string {
	return Math.abs(milliseconds) <= 8.64e15 ? new Date(milliseconds).toISOString() : `${milliseconds} ms`;
}
