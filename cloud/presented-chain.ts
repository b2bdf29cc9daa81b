/** The certificates that TLS clients have presented. */
import type { DetailedPeerCertificate, PeerCertificate, TLSSocket } from "node:tls";

/** Clients whose chains are remembered; the oldest is forgotten first. */
const MOST_CLIENTS = 100_000;

/**
 * DER, leaf first, as sent: node links each certificate to the presented one that issued it. Of a session that is resumed OpenSSL
 * knows the leaf alone; what came above it when it was presented is remembered here.
 */
export class PresentedChains {
	/** By the leaf's SHA-256. */
	readonly #above = new Map<string, readonly Uint8Array[]>();

	/** Throws where a session is resumed whose chain is forgotten: such a client has to begin anew. */
	of(socket: TLSSocket): Uint8Array[] {
		const leaf = socket.getPeerCertificate(true);
		const name = leaf?.fingerprint256;
		if (name === undefined) return [];
		if (!socket.isSessionReused()) {
			const above = issuers(leaf);
			this.#above.delete(name);
			this.#above.set(name, above);
			if (this.#above.size > MOST_CLIENTS) this.#above.delete(this.#above.keys().next().value!);
		}
		const above = this.#above.get(name);
		if (above === undefined) throw new Error("the chain of a resumed session is not remembered");
		return [leaf.raw, ...above];
	}
}

function issuers(leaf: DetailedPeerCertificate): Uint8Array[] {
	const chain: Uint8Array[] = [];
	let certificate: PeerCertificate | DetailedPeerCertificate | undefined = leaf;
	while (certificate !== undefined && chain.length < 7) {
		const issuer: DetailedPeerCertificate | undefined =
			"issuerCertificate" in certificate ? (certificate as DetailedPeerCertificate).issuerCertificate : undefined;
		certificate = issuer === certificate ? undefined : issuer;
		if (certificate?.raw !== undefined) chain.push(certificate.raw);
	}
	return chain;
}
