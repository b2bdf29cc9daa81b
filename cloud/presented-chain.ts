/** The certificates that TLS clients have presented. */
import type { DetailedPeerCertificate, PeerCertificate, TLSSocket } from "node:tls";

/** Clients whose chains are remembered; the oldest is forgotten first. */
const MOST_CLIENTS = 100_000;
/** What a fleet's clients present above their leaves is the same few certificates. */
const MOST_ISSUERS = 100;

/**
 * DER, leaf first, as sent: node links each certificate to the presented one that issued it. Of a session that is resumed OpenSSL
 * knows the leaf alone, and otherwise node copies and parses the whole chain each time (0.3 ms of a connection's 2): what came
 * above a leaf when it was presented is remembered here, beside what OpenSSL had to say of it. That tells a leaf without its issuer from
 * one with it, and both from one with its root.
 */
export class PresentedChains {
	/** By the leaf's SHA-256 and OpenSSL's verdict: the names of what came above it. */
	readonly #above = new Map<string, string>();
	/** By their SHA-256, one after the other; the least used first. */
	readonly #issuers = new Map<string, readonly Uint8Array[]>();

	/** Throws where a session is resumed whose chain is forgotten: such a client has to begin anew. */
	of(socket: TLSSocket): Uint8Array[] {
		const leaf = socket.getPeerCertificate();
		if (leaf?.fingerprint256 === undefined) return [];
		const name = `${leaf.fingerprint256} ${socket.authorizationError}`;
		const above = this.#remembered(name) ?? this.#presented(name, socket);
		return [leaf.raw, ...above];
	}

	#remembered(name: string): readonly Uint8Array[] | undefined {
		const names = this.#above.get(name);
		const chain = names === undefined ? undefined : this.#issuers.get(names);
		if (names !== undefined && chain !== undefined) keep(this.#issuers, names, chain, MOST_ISSUERS);
		return chain;
	}

	#presented(name: string, socket: TLSSocket): readonly Uint8Array[] {
		if (socket.isSessionReused()) throw new Error("the chain of a resumed session is not remembered");
		const chain = issuers(socket.getPeerCertificate(true));
		const names = chain.map(({ fingerprint256 }) => fingerprint256).join();
		// The same bytes are kept once.
		const kept = this.#issuers.get(names) ?? chain.map(({ raw }) => raw);
		keep(this.#issuers, names, kept, MOST_ISSUERS);
		keep(this.#above, name, names, MOST_CLIENTS);
		return kept;
	}
}

/** As the newest. */
function keep<T>(all: Map<string, T>, name: string, value: T, most: number): void {
	all.delete(name);
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
