/**
 * Chains of issued certificates, checked before anything is stored (RFC 5280 section 6.1, the owner's part).
 *
 * The leaf is the certificate with our key; above it every path over the certificates given is tried (RFC 4158), so that
 * order, copies, extra CAs and the certificates of a CA that changed its key carry no weight. Each link is checked by
 * name, CA flag, path length and signature. What the device cannot verify (RSA, algorithms it does not know) counts as
 * unverified and is reported. A path may stop anywhere, because the hub has its own CAs: it stops below a CA that has ended, and
 * at one whose issuer was not sent. Only a certificate that its own issuer denies, and no other bears out, is a reason to
 * refuse. What a root says of itself proves nothing and is not verified. Faults: cert.missing, cert.key-mismatch, cert.name-mismatch, cert.chain, cert.expired.
 */
import { equal, hex } from "../base/bytes.ts";
import { Fault } from "../fault.ts";
import type { Certificate } from "./certificate.ts";
import { isNamedIssuer } from "./key-identifier.ts";
import { checkSignature } from "./signature.ts";

/** Leaf, policy, credential root: 3 are expected. */
const MAX_CERTIFICATES = 8;
/** Links that are tried: certificates that all claim to have issued each other do not hold a slow device up. */
const MOST_LINKS = 48;

export interface Expected {
	/** SubjectPublicKeyInfo of the key that was in the request. */
	readonly spki: Uint8Array;
	readonly commonName: string;
	/** Wall clock, ms since 1970. */
	readonly now: number;
}

export interface Issued {
	/** Leaf first, each followed by its issuer; what has no part in it is left out. */
	readonly chain: readonly Certificate[];
	/** Links whose signature was not verified: see verifyLink. */
	readonly unverifiedLinks: number;
	/** The clock is before some notBefore: reported, never a reason to refuse, because the clock is the likelier culprit. */
	readonly notYetValid: boolean;
}

/** The best chain in `certificates`, which may stand in any order, for what was asked for. */
export function checkIssued(certificates: readonly Certificate[], expected: Expected): Issued {
	if (certificates.length === 0) throw new Fault("cert.missing", "the chain is empty");
	if (certificates.length > MAX_CERTIFICATES)
		throw new Fault("cert.chain", `${certificates.length} certificates, the limit is ${MAX_CERTIFICATES}`);
	// A service that keeps a device's key may send the certificate before this one, too.
	const [leaf] = certificates
		.filter(({ spki }) => equal(spki, expected.spki))
		.sort((a, b) => b.notBefore - a.notBefore);
	if (leaf === undefined)
		throw new Fault("cert.key-mismatch", `none of ${certificates.length} certificates carries the device's key`);
	if (!sameId(leaf.commonName, expected.commonName))
		throw new Fault("cert.name-mismatch", `expected CN=${expected.commonName}, got ${describe(leaf)}`);
	if (isSelfIssued(leaf)) throw new Fault("cert.chain", `${describe(leaf)} was issued by itself, which is not a CA`);
	if (leaf.notAfter < expected.now)
		throw new Fault("cert.expired", `${describe(leaf)} ended ${iso(leaf.notAfter)}, now ${iso(expected.now)}`);
	const { chain, unverifiedLinks, broken } = new PathSearch(certificates, expected.now).best([leaf], 0);
	if (broken) throw broken;
	return { chain, unverifiedLinks, notYetValid: chain.some(({ notBefore }) => notBefore > expected.now) };
}

/**
 * "unverified": in a way that the device has no code for. Throws Fault cert.chain when `issuer` did not, or may not, issue
 * `certificate`. `intermediates`: CAs between the two and the leaf, those not counted that issued to themselves.
 */
export function verifyLink(
	certificate: Certificate,
	issuer: Certificate,
	intermediates = 0,
): "verified" | "unverified" {
	const link = `${describe(certificate)}, issued by ${describe(issuer)}`;
	if (!equal(certificate.issuer, issuer.subject)) throw new Fault("cert.chain", `${link}: the names differ`);
	if (!mayIssue(issuer)) throw new Fault("cert.chain", `${link}: the issuer is not a CA`);
	if (intermediates > (issuer.pathLength ?? MAX_CERTIFICATES))
		throw new Fault(
			"cert.chain",
			`${describe(issuer)} allows ${issuer.pathLength} intermediates, got ${intermediates}`,
		);
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

/** Issuer and subject are the same name: a root, or a CA that signed its new key with the old one (or the reverse). */
export function isSelfIssued(certificate: Certificate): boolean {
	return equal(certificate.issuer, certificate.subject);
}

/**
 * RFC 5280 wants basicConstraints of a CA. A root of version 1 has none, some old CAs have only keyUsage; OpenSSL's X509_check_ca takes
 * both, and whom the hub trusts is the hub's to say.
 */
function mayIssue(issuer: Certificate): boolean {
	const { isCa, keyCertSign } = issuer;
	return keyCertSign !== false && (isCa ?? (keyCertSign === true || isSelfIssued(issuer)));
}

interface Path {
	readonly chain: readonly Certificate[];
	readonly unverifiedLinks: number;
	/** How the issuer of the last one denies it. */
	readonly broken?: Fault | undefined;
}

class PathSearch {
	readonly #certificates: readonly Certificate[];
	readonly #now: number;
	#links = 0;

	constructor(certificates: readonly Certificate[], now: number) {
		this.#certificates = certificates;
		this.#now = now;
	}

	/** The best path that begins with `chain`. */
	best(chain: readonly Certificate[], unverifiedLinks: number): Path {
		const last = chain[chain.length - 1]!;
		const intermediates = chain.slice(1).filter((certificate) => !isSelfIssued(certificate)).length;
		const stopped: Path = { chain, unverifiedLinks };
		let best: Path | undefined;
		for (const issuer of this.#certificates) {
			if (!equal(last.issuer, issuer.subject) || chain.some((one) => isSameAuthority(one, issuer))) continue;
			if (++this.#links > MOST_LINKS) break;
			let path = stopped;
			try {
				const unverified = verifyLink(last, issuer, intermediates) === "unverified" ? 1 : 0;
				if (issuer.notAfter >= this.#now) path = this.best([...chain, issuer], unverifiedLinks + unverified);
			} catch (thrown) {
				// A self-issued one needs nobody; and another CA of that name says nothing of this certificate.
				if (isSelfIssued(last) || !isNamedIssuer(last, issuer)) continue;
				path = { ...stopped, broken: Fault.of(thrown, "cert.chain") };
			}
			if (!best || rank(path) > rank(best)) best = path;
		}
		return best ?? stopped;
	}
}

/** One that nobody denies, to a root before anywhere else, verified before unverified, long before short. */
function rank({ chain, unverifiedLinks, broken }: Path): number {
	const isWhole = isSelfIssued(chain[chain.length - 1]!);
	return (broken ? 0 : isWhole ? 2000 : 1000) - 20 * unverifiedLinks + chain.length;
}

/** A path that met the same key under the same name once more would go in a circle. */
function isSameAuthority(a: Certificate, b: Certificate): boolean {
	return equal(a.subject, b.subject) && equal(a.spki, b.spki);
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
