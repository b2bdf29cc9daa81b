/** The certificates that a TLS client has presented. */
import type { DetailedPeerCertificate, PeerCertificate, TLSSocket } from "node:tls";

/** DER, leaf first, as sent: node links each certificate to the presented one that issued it. */
export function presentedChain(socket: TLSSocket): Uint8Array[] {
	const chain: Uint8Array[] = [];
	let certificate: PeerCertificate | DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
	while (certificate?.raw !== undefined && chain.length < 8) {
		chain.push(certificate.raw);
		const issuer: DetailedPeerCertificate | undefined =
			"issuerCertificate" in certificate ? (certificate as DetailedPeerCertificate).issuerCertificate : undefined;
		certificate = issuer === certificate ? undefined : issuer;
	}
	return chain;
}
