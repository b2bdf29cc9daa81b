/** The certificates that TLS clients have presented. */
import type { DetailedPeerCertificate, PeerCertificate, TLSSocket } from "node:tls";

/** Clients whose chains are remembered; the oldest is forgotten first. */
const MOST_CLIENTS = 100_000;
/** What a fleet's clients present above their leaves is the same few certificates. */
const MOST_ISSUERS = 100;

/**
 * DER, leaf first, as sent: node links each certificate to the presented one that issued it. Of a session that is resumed OpenSSL
 * knows the leaf alone; what came above it when it was presented is remembered here.
 */
export class PresentedChains {
	/** By the leaf's SHA-256. */
	readonly #above = new Map<string, readonly Uint8Array[]>();
	/** By their SHA-256, one after the other. */
	readonly #issuers = new Map<string, readonly Uint8Array[]>();

	/** Throws where a session is resumed whose chain is forgotten: such a client has to begin anew. */
	of(socket: TLSSocket): Uint8Array[] {
		const leaf = socket.getPeerCertificate(true);
		const name = leaf?.fingerprint256;
		if (name === undefined) return [];
		if (!socket.isSessionReused()) {
			this.#above.delete(name);
			keep(this.#above, name, this.#once(issuers(leaf)), MOST_CLIENTS);
		}
		const above = this.#above.get(name);
		if (above === undefined) throw new Error("the chain of a resumed session is not remembered");
		return [leaf.raw, ...above];
	}

	/** The same bytes are kept once. */
	#once(issuers: readonly PeerCertificate[]): readonly Uint8Array[] {
		const name = issuers.map(({ fingerprint256 }) => fingerprint256).join();
		const known = this.#issuers.get(name);
		if (known !== undefined) return known;
		const chain = issuers.map(({ raw }) => raw);
		keep(this.#issuers, name, chain, MOST_ISSUERS);
		return chain;
	}
}

function keep<T>(all: Map<string, T>, name: string, value: T, most: number): void {
	all.set(name, value);
	if (all.size > most) all.delete(all.keys().next().value!);
}

function issuers(leaf: DetailedPeerCertificate): PeerCertificate[] {
	const chain: PeerCertificate[] = [];
	let certificate: PeerCertificate | DetailedPeerCertificate | undefined = leaf;
	while (certificate !== undefined && chain.length < 7) {
		const issuer: DetailedPeerCertificate | undefined =
			"issuerCertificate" in certificate ? (certificate as DetailedPeerCertificate).issuerCertificate : undefined;
		certificate = issuer === certificate ? undefined : issuer;
		if (certificate?.raw !== undefined) chain.push(certificate);
	}
	return chain;
}
