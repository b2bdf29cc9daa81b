/** What node:tls is told for the Wire port: whom to trust, what to show, and the rules of the device where OpenSSL's are wider. */
import { constants } from "node:crypto";
import { isIP } from "node:net";
import { type ConnectionOptions, type DetailedPeerCertificate, rootCertificates } from "node:tls";
import { equal } from "../../src/base/bytes.ts";
import { Fault } from "../../src/fault.ts";
import { curveOf } from "../../src/key/pair.ts";
import type { Identity, Signer, WireOptions } from "../../src/port.ts";
import { type Certificate, parseCertificate } from "../../src/x509/certificate.ts";
import { context, element, octetString, oid, sequence, smallInteger } from "../../src/x509/der.ts";
import { matchesHost } from "../../src/x509/host.ts";
import { CURVES, isRsaExponent } from "../../src/x509/key.ts";
import { encodePem } from "../../src/x509/pem.ts";

/** A key in hardware that an engine of OpenSSL uses. */
export interface EngineKey extends Signer {
	readonly engine: { readonly name: string; readonly identifier: string };
}

/** For TLS 1.3 and 1.2. Level 2 (SSL_CTX_set_security_level(3)): no RSA key under 2048 bits, no signature with SHA-1. */
const CIPHERS = [
	"TLS_AES_128_GCM_SHA256",
	"TLS_AES_256_GCM_SHA384",
	"ECDHE-ECDSA-AES128-GCM-SHA256",
	"ECDHE-RSA-AES128-GCM-SHA256",
	"ECDHE-ECDSA-AES256-GCM-SHA384",
	"ECDHE-RSA-AES256-GCM-SHA384",
	"@SECLEVEL=2",
].join(":");

/** Throws Fault tls.key. */
export function connectionOptions({
	host,
	port,
	anchors,
	additionalAnchors = [],
	identity,
}: WireOptions): ConnectionOptions {
	const trusted = [...anchors, ...additionalAnchors];
	return {
		host,
		port,
		...(isIP(host) === 0 && { servername: host.replace(/\.$/, "") }), // RFC 6066 section 3: no dot at the end
		...(anchors.length + additionalAnchors.length > 0 && {
			ca: [...(anchors.length > 0 ? anchors.map(pem) : rootCertificates), ...additionalAnchors.map(pem)],
			allowPartialTrustChain: true, // an anchor need be no root; without `ca` it loses NODE_EXTRA_CA_CERTS (Node 20.20)
		}),
		...(identity !== undefined && { cert: identity.chain.map(pem).join(""), ...privateKey(identity) }),
		minVersion: "TLSv1.2",
		rejectUnauthorized: true,
		ciphers: CIPHERS,
		secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
		checkServerIdentity: (_name, shown) => refusal(host, shown as DetailedPeerCertificate, trusted),
	};
}

/** A certificate of the path that OpenSSL has built, and the one above it. */
interface Shown {
	readonly raw: Uint8Array;
	readonly issuerCertificate: Shown;
}

/** What OpenSSL has let pass and the device would not. The names it gives are never used: it is asked for by its address, too. */
export function refusal(host: string, shown: Shown, anchors: readonly Uint8Array[]): CodedError | undefined {
	try {
		for (const [index, certificate] of path(shown, anchors).entries()) {
			if (index > 0 && !certificate.isCa) return refused("INVALID_CA", `certificate ${index} is not a CA`);
			const { publicKey, unknownCritical } = certificate;
			if (publicKey.type === "RSA" && !isRsaExponent(publicKey.exponent))
				return refused("RSA_EXPONENT", `certificate ${index} has an RSA exponent that proves nothing`);
			if (unknownCritical.length > 0)
				return refused("UNHANDLED_CRITICAL_EXTENSION", `not understood: ${unknownCritical}`);
		}
		if (!matchesHost(parseCertificate(new Uint8Array(shown.raw)), host))
			return refused("ERR_TLS_CERT_ALTNAME_INVALID", `the certificate is not for ${host}`);
		return undefined;
	} catch (thrown) {
		return refused("CERT_REJECTED", `a certificate of the chain: ${(thrown as Error).message}`);
	}
}

/** From the leaf up to the first anchor, itself included; a root that Node knows is one, and left out: OpenSSL has judged it. */
function path(leaf: Shown, anchors: readonly Uint8Array[]): Certificate[] {
	const certificates: Certificate[] = [];
	for (let shown = leaf; shown !== undefined; shown = shown.issuerCertificate) {
		const isAnchor = anchors.some((anchor) => equal(anchor, shown.raw));
		if (!isAnchor && shown.issuerCertificate === shown) break;
		certificates.push(parseCertificate(new Uint8Array(shown.raw)));
		if (isAnchor) break;
	}
	return certificates;
}

type CodedError = Error & { readonly code: string };

const refused = (code: string, message: string): CodedError => Object.assign(new Error(message), { code });

const pem = (certificate: Uint8Array): string => encodePem("CERTIFICATE", certificate);

/** PEM, in memory only, or what an engine of OpenSSL knows the key by: the forms that node:tls takes. */
function privateKey(identity: Identity): Pick<ConnectionOptions, "key" | "privateKeyEngine" | "privateKeyIdentifier"> {
	if ("pkcs8" in identity) return { key: encodePem("PRIVATE KEY", identity.pkcs8) };
	if ("engine" in identity.signer) {
		const { name, identifier } = (identity.signer as EngineKey).engine;
		return { privateKeyEngine: name, privateKeyIdentifier: identifier };
	}
	const scalar = identity.signer.scalar?.();
	if (scalar === undefined) throw new Fault("tls.key", "the key cannot leave its hardware, and node:tls needs it");
	const curve = oid(CURVES[curveOf(identity.signer.publicKey)]);
	const sec1 = sequence(smallInteger(1), octetString(scalar), element(context(0), curve));
	return { key: encodePem("EC PRIVATE KEY", sec1) };
}

/** Of what goes into the connection only the port and the identity are not known to be sound. OpenSSL never quotes a key. */
export function contextFault(thrown: unknown): Fault {
	if (thrown instanceof Fault) return thrown;
	const { code, reason, message } = thrown as { code?: string; reason?: string; message?: string };
	if (code === "ERR_SOCKET_BAD_PORT") return new Fault("config.invalid", "port: expected 1..65535", { cause: thrown });
	return new Fault("tls.key", `the client certificate or key cannot be used: ${reason ?? message}`, { cause: thrown });
}
