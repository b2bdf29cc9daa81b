/**
 * The dialects of certificate enrolment through DPS: what a register request carries and how certificates come back.
 *
 *   A  2021-11-01-preview  `clientCertificateCsr` (PEM), `issuedClientCertificate` (PEM), `trustBundle`
 *   B  2025-07-01-preview  `csr` (base64 DER), `issuedCertificateChain` (array)
 *   D  2026-11-02-preview  as B, and `connectionProfile`
 *
 * Only the request depends on the dialect. Answers are read by shape, because the sources disagree: PEM or base64 DER,
 * one text or an array, any order, members we do not know.
 */
import { base64, utf8 } from "../base/bytes.ts";
import { Fault } from "../fault.ts";
import { type Certificate, parseCertificate, takeCertificates } from "../x509/certificate.ts";
import { encodePem } from "../x509/pem.ts";

export const DIALECTS = ["2021-11-01-preview", "2025-07-01-preview", "2026-11-02-preview"] as const;
export type Dialect = (typeof DIALECTS)[number];

/** Trust bundles are for gateways; this bounds what we keep. */
const MOST_BUNDLE_CERTIFICATES = 16;

export interface TrustBundle {
	readonly id: string;
	readonly etag: string;
	readonly certificates: readonly Uint8Array[];
}

/** Members in the order every SDK sends them. `payload`: the operator's own JSON for custom allocation. */
export function registerBody(dialect: Dialect, registrationId: string, csr: Uint8Array, payload?: unknown): Uint8Array {
	const custom = payload === undefined ? {} : { payload };
	const request =
		dialect === "2021-11-01-preview"
			? { clientCertificateCsr: encodePem("CERTIFICATE REQUEST", csr, "\r\n").trimEnd() }
			: { csr: base64(csr) };
	return utf8(JSON.stringify({ registrationId, ...custom, ...request }));
}

/**
 * The certificates of a registration state in the order they came; empty when the service issued none. Their texts have been taken by
 * CertificateText: one text, or an array of them.
 */
export function issuedCertificates(state: Readonly<Record<string, unknown>>): Certificate[] {
	const chain = state.issuedCertificateChain ?? state.issuedClientCertificate ?? [];
	const isArray = Array.isArray(chain) && !(chain[0] instanceof Uint8Array);
	return takeCertificates(isArray ? chain : [chain], "dps.response").map(parseCertificate);
}

/** Dialect A only; undefined when absent or null. */
export function parseTrustBundle(value: unknown): TrustBundle | undefined {
	if (value === undefined || value === null) return undefined;
	const bundle = value as { id?: unknown; etag?: unknown; certificates?: unknown };
	if (typeof value !== "object" || !Array.isArray(bundle.certificates))
		throw new Fault("dps.response", "trustBundle: expected an object with certificates");
	if (bundle.certificates.length > MOST_BUNDLE_CERTIFICATES)
		throw new Fault("dps.response", `trustBundle: more than ${MOST_BUNDLE_CERTIFICATES} certificates`);
	return {
		id: typeof bundle.id === "string" ? bundle.id : "",
		etag: typeof bundle.etag === "string" ? bundle.etag : "",
		certificates: bundle.certificates.flatMap((entry: unknown) => {
			const ders = (entry as { certificate?: unknown } | null)?.certificate;
			if (!Array.isArray(ders)) throw new Fault("dps.response", "trustBundle: certificate: expected a string");
			return (ders as Uint8Array[]).map((der) => parseCertificate(der).der);
		}),
	};
}
