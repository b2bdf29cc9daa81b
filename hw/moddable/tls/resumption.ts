/**
 * `ssl/resumption`: what a session leaves behind for the next one with the same server, so that it costs neither signatures nor
 * ECDH: a session id (RFC 5246 section 7.3) or a ticket (RFC 5077). The last session's only, and in RAM only.
 *
 * It is offered once, and kept again by a handshake that ends well: a server that declines, or fails over it, gets a full handshake.
 * Never offered: under another server name, set of anchors or certificate of ours; after a certificate of the server's chain, or
 * the anchor, has expired; after the server's own term, or a day (RFC 5246 section F.1.4); on a clock that has gone back;
 * after an alert that ended the session.
 *
 * Where a server wants a full handshake all the same, its chain need not be verified again while its bytes are the same: which one led
 * to which anchors, for which name, is kept beside, with the same terms. What the leaf's key signs is verified each time.
 */
import { Digest } from "crypt";
import RNG from "rng";
import type SSLStream from "ssl/stream";
import { equal } from "../../../src/base/bytes.ts";
import TLSError, { malformed } from "./error.ts";

/** All that a device holds of it; OpenSSL's tickets have some 200 bytes, and the client's certificate on top. */
const MAX_TICKET_BYTES = 1_536;
const SESSION_ID_BYTES = 32;
const DAY_SECONDS = 86_400;

/** What must be the same. */
export interface Parties {
	readonly host: string;
	/** DER. */
	readonly anchors: readonly Uint8Array[];
	/** Of the client, DER; leaf first. */
	readonly clientCertificates: readonly Uint8Array[];
}

/** Something that holds among some parties for some time. */
export interface Kept {
	/** Their fingerprint. Of a chain: one for each certificate up to the anchor. */
	readonly parties: Uint8Array;
	/** ms since 1970. */
	readonly from: number;
	readonly until: number;
}

interface Resumable extends Kept {
	/** 48 bytes. */
	readonly masterSecret: ArrayBuffer;
	/** The server's; with a ticket one of ours, by whose echo the server accepts (RFC 5077 section 3.4). */
	readonly sessionId: Uint8Array;
	readonly ticket: Uint8Array | undefined;
	readonly authentication: "ECDSA" | "RSA" | undefined;
}

/** One for each way that connections take: a later session takes the place of an earlier one. */
export class Resumption {
	#kept: Resumable | undefined;
	/** A server's chain, verified. */
	#verified: Kept | undefined;

	/** Once. */
	take(parties: Uint8Array, now: number): Resumable | undefined {
		const kept = this.#kept;
		this.#kept = undefined;
		return holds(kept, parties, now) ? kept : undefined;
	}

	/** The way of a chain to its anchor, where `prints` is the way or its beginning. */
	known(prints: Uint8Array, now: number): Kept | undefined {
		return holds(this.#verified, prints, now) ? this.#verified : undefined;
	}

	verified(server: Kept): void {
		this.#verified = server;
	}

	/** A session is secret, and up to 2 KB; that a chain was verified is neither. */
	forget(): void {
		this.#kept = undefined;
	}

	/** RFC 5246 section 7.2: what has failed is not resumed, and not known any more. */
	failed(): void {
		this.forget();
		this.#verified = undefined;
	}

	keep(session: Resumable): void {
		this.#kept = session;
	}
}

/** One handshake's part in it. */
export class Resuming {
	/** What ClientHello offers. */
	readonly offer: Resumable | undefined;
	/** The server has accepted that. */
	isAccepted = false;
	/** It has announced a ticket. */
	awaitsTicket = false;
	/** The earliest end among the certificates that vouch for the server, ms since 1970. */
	notAfter = 0;
	readonly store: Resumption;
	readonly #parties: Uint8Array;
	#ticket: Uint8Array | undefined;
	#seconds = DAY_SECONDS;

	constructor(store: Resumption, parties: Parties, now: number) {
		this.store = store;
		this.#parties = fingerprint(parties.host, parties.anchors, parties.clientCertificates);
		this.offer = store.take(this.#parties, now);
	}

	/** ServerHello. Returns the master secret where the session goes on. */
	answer(sessionId: Uint8Array, authentication: "ECDSA" | "RSA"): ArrayBuffer | undefined {
		const { offer } = this;
		if (offer === undefined || !equal(sessionId, offer.sessionId)) return undefined;
		if (offer.authentication !== authentication) throw new TLSError("the session was of another cipher suite");
		this.isAccepted = true;
		return offer.masterSecret;
	}

	/** NewSessionTicket (RFC 5077 section 3.3): an empty one takes the announcement back. */
	readTicket(s: SSLStream): void {
		const seconds = s.readChars(4) >>> 0;
		const bytes = s.readChunk(s.readChars(2), true);
		if (s.bytesAvailable > 0) throw malformed("NewSessionTicket");
		if (bytes.length === 0 || bytes.length > MAX_TICKET_BYTES) return;
		this.#ticket = bytes.slice();
		if (seconds > 0) this.#seconds = Math.min(seconds, DAY_SECONDS);
	}

	/** Both Finished are right. */
	keep(
		masterSecret: ArrayBuffer,
		serverId: Uint8Array,
		authentication: "ECDSA" | "RSA" | undefined,
		now: number,
	): void {
		const { offer, isAccepted } = this;
		const fresh = this.#ticket;
		if (fresh === undefined && isAccepted) this.store.keep(offer!);
		if (fresh === undefined && (isAccepted || serverId.length === 0)) return;
		this.store.keep({
			parties: this.#parties,
			masterSecret,
			sessionId: fresh === undefined ? serverId : new Uint8Array(RNG.get(SESSION_ID_BYTES)),
			ticket: fresh,
			authentication,
			from: isAccepted ? offer!.from : now,
			until: Math.min(now + this.#seconds * 1000, isAccepted ? offer!.until : this.notAfter),
		});
	}
}

function holds(kept: Kept | undefined, parties: Uint8Array, now: number): boolean {
	const begins = kept !== undefined && equal(kept.parties.subarray(0, parties.length), parties);
	return begins && now >= kept.from && now < kept.until;
}

/** SHA-256. Each certificate says its own length. */
export function fingerprint(host: string, ...lists: readonly (readonly Uint8Array[])[]): Uint8Array {
	const digest = new Digest("SHA256");
	digest.write(ArrayBuffer.fromString(host));
	for (const list of lists) {
		digest.write(Uint8Array.of(0, list.length));
		for (const der of list) digest.write(der);
	}
	return new Uint8Array(digest.close());
}
