/** How the dialects of certificate issuance write a request, a chain and a trust bundle: PEM in A, base64 DER since. */
import { createHash, randomUUID, X509Certificate } from "node:crypto";

/** The member that carried the request decides how the answer looks. */
export type CertificateMember = "csr" | "clientCertificateCsr";

/** Of a request's text: those of 8 KB, the most that is accepted, have 11,000. */
const MAX_CHARACTERS = 32_768;
const BEGIN = "-----BEGIN CERTIFICATE REQUEST-----";
const END = "-----END CERTIFICATE REQUEST-----";

/** DER, or undefined when the text is not what the member should hold. */
export function decodeCsr(member: CertificateMember, text: string): Uint8Array | undefined {
	if (text.length > MAX_CHARACTERS) return undefined;
	const body = member === "csr" ? text : pemBody(text.trimEnd());
	if (body === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(body) || body.length % 4 !== 0) return undefined;
	return Buffer.from(body, "base64");
}

function pemBody(text: string): string | undefined {
	if (!text.startsWith(BEGIN) || !text.endsWith(END)) return undefined;
	const body = text.slice(BEGIN.length, -END.length);
	return /^\s/.test(body) ? body.replace(/\s/g, "") : undefined;
}

/** `swapped`: PEM where base64 DER is usual, and the reverse. */
export function certificateMember(
	member: CertificateMember,
	chain: readonly Uint8Array[],
	swapped: boolean,
): Record<string, unknown> {
	if (member === "csr") return { issuedCertificateChain: chain.map(swapped ? pem : base64) };
	// Dialect A carries one string; the root is in the trust bundle.
	const withoutRoot = chain.length > 1 ? chain.filter((certificate) => !isSelfSigned(certificate)) : chain;
	return { issuedClientCertificate: swapped ? base64(chain[0]!) : withoutRoot.map(pem).join("") };
}

/** Dialect A's trustBundle, with one certificate. */
export function trustBundle(root: Uint8Array, now: number): Record<string, unknown> {
	const certificate = new X509Certificate(root);
	const stamp = new Date(now).toISOString();
	const metadata = {
		subjectName: certificate.subject,
		sha1Thumbprint: createHash("sha1").update(root).digest("hex").toUpperCase(),
		sha256Thumbprint: createHash("sha256").update(root).digest("hex").toUpperCase(),
		issuerName: certificate.issuer,
		notBeforeUtc: new Date(certificate.validFrom).toISOString(),
		notAfterUtc: new Date(certificate.validTo).toISOString(),
		serialNumber: certificate.serialNumber,
		version: 3,
	};
	return {
		trustBundle: {
			certificates: [{ certificate: pem(root), metadata }],
			id: "local",
			createdDateTime: stamp,
			lastModifiedDateTime: stamp,
			etag: `"${randomUUID()}"`,
		},
	};
}

export function base64(bytes: Uint8Array): string {
	return Buffer.from(bytes).toString("base64");
}

/** With CR LF, as the service writes it. */
export function pem(der: Uint8Array): string {
	const lines = base64(der).match(/.{1,64}/g) ?? [];
	return `-----BEGIN CERTIFICATE-----\r\n${lines.join("\r\n")}\r\n-----END CERTIFICATE-----\r\n`;
}

function isSelfSigned(der: Uint8Array): boolean {
	const { subject, issuer } = new X509Certificate(der);
	return subject === issuer;
}
