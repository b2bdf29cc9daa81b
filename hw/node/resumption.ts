/**
 * TLS sessions of the Wire port on Node that go on from earlier ones, by the rules of the device (hw/moddable/tls/resumption.ts): in memory
 * only, offered once, and only where a full handshake would have ended well, too. OpenSSL asks for no certificate then, and judges none.
 */
import { createHash } from "node:crypto";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import { equal } from "../../src/base/bytes.ts";
import type { WireOptions } from "../../src/port.ts";

/** Servers at a time. */
const MOST_SESSIONS = 4;
const DAY_MS = 86_400_000;
/** What ended in an alert is not resumed (RFC 5246 section 7.2, RFC 8446 section 6.2); what was only cut is. */
const IS_FATAL = /^(ERR_SSL_|EPROTO$)/;

interface Kept {
	/** As OpenSSL writes it, its key included. */
	readonly session: Buffer;
	/** ms since 1970. */
	readonly from: number;
	readonly until: number;
}

export class Resumption {
	readonly #kept = new Map<string, Kept>();

	forget(): void {
		this.#kept.clear();
	}

	/** Once. */
	take(options: WireOptions): Kept | undefined {
		const name = parties(options);
		const kept = this.#kept.get(name);
		this.#kept.delete(name);
		const now = Date.now();
		return kept !== undefined && now >= kept.from && now < kept.until ? kept : undefined;
	}

	/** `socket` is open, its server known to be right, by itself or by the session that was `taken`. */
	watch(socket: TLSSocket, options: WireOptions, taken: Kept | undefined): void {
		const name = parties(options);
		const now = Date.now();
		const bounds =
			taken !== undefined && socket.isSessionReused()
				? { from: taken.from, until: taken.until }
				: { from: now, until: Math.min(now + DAY_MS, earliestEnd(socket.getPeerCertificate(true), options)) };
		const keep = (session: Buffer): void => {
			this.#kept.delete(name);
			this.#kept.set(name, { session, ...bounds });
			if (this.#kept.size > MOST_SESSIONS) this.#kept.delete(this.#kept.keys().next().value!);
		};
		// In TLS 1.3 tickets come when the handshake is over, and after a resumed one none may come.
		if (socket.getProtocol() !== "TLSv1.3") keep(socket.getSession()!);
		else if (taken !== undefined && socket.isSessionReused()) keep(taken.session);
		socket.on("session", keep);
		socket.on("error", ({ code = "" }: NodeJS.ErrnoException) => {
			if (IS_FATAL.test(code)) this.#kept.delete(name);
		});
	}
}

/** What must be the same. */
function parties({ host, port, anchors, additionalAnchors = [], identity }: WireOptions): string {
	const hash = createHash("sha256").update(JSON.stringify([host, port]));
	for (const list of [anchors, additionalAnchors, identity?.chain ?? []]) {
		hash.update(`${list.length}:`);
		for (const der of list) hash.update(`${der.length}:`).update(der);
	}
	return hash.digest("hex");
}

/** ms since 1970, of the certificates that vouch for the server, the anchor included. */
function earliestEnd(leaf: DetailedPeerCertificate, { anchors, additionalAnchors = [] }: WireOptions): number {
	let end = Number.POSITIVE_INFINITY;
	for (let shown = leaf; shown !== undefined; shown = shown.issuerCertificate) {
		end = Math.min(end, Date.parse(shown.valid_to));
		const isAnchor = [...anchors, ...additionalAnchors].some((anchor) => equal(anchor, shown.raw));
		if (isAnchor || shown.issuerCertificate === shown) break;
	}
	return end;
}
