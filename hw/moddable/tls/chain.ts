/**
 * `ssl/cert`: is the server who it claims to be? Takes the place of the SDK's check, which accepts a leaf that nobody
 * signed when any genuine certificate follows it.
 *
 * RFC 5280 section 6.1 and RFC 6125 section 6.4, for a chain in the order sent, at most five certificates, to a pinned anchor. Every
 * link: names, signature, CA flag, path length, keyUsage, dates. Refused as well: unknown critical extensions (name
 * constraints among them), an extended key usage without server authentication, a host that stands only in the common name.
 */
import { equal } from "../../../src/bytes.ts";
import { type Certificate, parseCertificate } from "../../../src/x509/certificate.ts";
import TLSError, { Alert } from "ssl/error";
import { matchesHost } from "ssl/host";
import { isSignedBy } from "ssl/signature";

const MAX_CERTIFICATES = 5;
const SERVER_AUTHENTICATION = "1.3.6.1.5.5.7.3.1";
const ANY_USAGE = "2.5.29.37.0";

export interface Expected {
	/** DNS name or IP address, as the client wrote it. */
	readonly host: string;
	/** DER certificates. */
	readonly anchors: Iterable<Uint8Array>;
	/** Wall clock, ms since 1970. */
	readonly now: number;
}

/** Returns the leaf, or throws TLSError tls.name, tls.expired, tls.untrusted. Cheap checks first, signatures last. */
export default function authenticate(chain: readonly Uint8Array[], { host, anchors, now }: Expected): Certificate {
	if (chain.length === 0 || chain.length > MAX_CERTIFICATES)
		throw new TLSError(`the server sent ${chain.length} certificates, 1 to ${MAX_CERTIFICATES} are accepted`, "tls.untrusted");
	const certificates = chain.map((der, index) => read(der, `certificate ${index}`));
	const leaf = certificates[0]!;
	if (!matchesHost(leaf, host)) throw new TLSError(`the certificate is not for ${host}`, "tls.name");
	if (leaf.digitalSignature === false) throw new TLSError("the leaf's key may not sign", "tls.untrusted");
	if (!servesAs(leaf)) throw new TLSError("the leaf may not be a server", "tls.untrusted");
	const trusted = Array.from(anchors, (der, index) => read(der, `anchor ${index}`));
	const { path, anchor } = findPath(certificates, trusted);
	for (const [index, certificate] of [...path, anchor].entries()) checkDates(certificate, now, index);
	for (const [index, certificate] of path.entries()) {
		const issuer = path[index + 1] ?? anchor;
		if (issuer === certificate) break; // the pinned certificate itself
		checkIssuer(issuer, path, index);
		if (!isSignedBy(issuer.publicKey, certificate.signatureAlgorithm, certificate.tbs, certificate.signature))
			throw new TLSError(`the signature of certificate ${index} is wrong`, "tls.untrusted", Alert.BAD_CERTIFICATE);
	}
	return leaf;
}

/** The certificates up to the first that an anchor has issued by name, or that is an anchor. What follows is not used. */
function findPath(certificates: readonly Certificate[], anchors: readonly Certificate[]) {
	for (const [index, certificate] of certificates.entries()) {
		const path = certificates.slice(0, index + 1);
		const pinned = anchors.find(({ der }) => equal(der, certificate.der));
		if (pinned !== undefined) return { path, anchor: certificate };
		const named = anchors.filter(({ subject }) => equal(subject, certificate.issuer));
		const anchor = named.find((issuer) => isIssuedBy(certificate, issuer));
		if (anchor !== undefined) return { path, anchor };
		const next = certificates[index + 1];
		if (next === undefined || !equal(next.subject, certificate.issuer)) break;
	}
	throw new TLSError("the chain does not lead to an anchor", "tls.untrusted");
}
