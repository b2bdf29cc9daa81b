/**
 * `ssl/session`: a TLS 1.2 client connection (RFC 5246) without a socket; bytes in, records and plaintext out. Takes the place of the
 * SDK's session, which reports a connection as ready after an old version or a close_notify, and then sends in clear.
 *
 * Records are sealed and opened by the SDK (AES-GCM, key schedule). Here is which record may come when. Refused: data or a cipher change
 * before its time or within a message, too large or, but for data, empty records (header.ts), over 32 empty ones in a row. Any alert
 * ends the session, warnings too: none is in use that we could go on after, and who warns for ever keeps us awake.
 */
import alertProtocol from "ssl/alert";
import changeCipherSpec from "ssl/changecipher";
import handshake from "ssl/handshake-sdk";
import recordProtocol from "ssl/record";
import { RELEASED } from "../../../src/release.ts";
import type { PublicKey } from "../../../src/x509/key.ts";
import type Certificates from "./certificates.ts";
import { beginTranscript, type ClientKey, isP384, writeCertificateVerify } from "./client.ts";
import TLSError, { Alert, explain, explainAlert } from "./error.ts";
import {
	APPLICATION_DATA,
	CHANGE_CIPHER_SPEC,
	cut,
	HEADER_BYTES,
	MAX_FRAGMENT_BYTES,
	type Phase,
	readHeader,
	roomFor,
} from "./header.ts";
import { writeClientHello } from "./hello.ts";
import { SECP256R1, SECP384R1 } from "./point.ts";
import { Resuming, type Resumption } from "./resumption.ts";
import { SdkState } from "./sdk-state.ts";

export interface SessionOptions {
	/** DNS name or IPv4 address, found in the server's certificate; a name is also sent as SNI. */
	readonly serverName: string;
	/** Trust anchors, DER. */
	readonly anchors: readonly Uint8Array[];
	/** DER, leaf first; with the leaf's key. */
	readonly clientCertificates?: readonly Uint8Array[];
	readonly clientKey?: ClientKey | undefined;
	/** It is that late at least, ms since 1970. */
	readonly notBefore?: number | undefined;
	/** Of the plaintext of one record from the server; default: what TLS allows. */
	readonly maxRecordBytes?: number | undefined;
	/** Where sessions are taken up from, and left; absent: each is new. */
	readonly resumption?: Resumption | undefined;
}

/** Of data, in a row: each costs the device an AES-GCM and carries nothing. */
const MAX_EMPTY_RECORDS = 32;
/**
 * What we ask of the server, and its code in RFC 6066 section 4: records that a small device can hold. Ours are no larger, whatever it says: each is
 * sealed and queued in RAM, where it is three times for a moment.
 */
const FRAGMENT_BYTES = 1_024;
const FRAGMENT_CODE = 2;
const WARNING = 1;
const FATAL = 2;

export default class Session extends SdkState {
	phase: Phase = "ServerHello";
	/** Of a handshake message, filled so far: its header, then the whole of it, or the next part of what `certificates` reads. */
	partial: Uint8Array = new Uint8Array(4);
	filled = 0;
	certificates: Certificates | undefined;
	authentication: "ECDSA" | "RSA" | undefined;
	serverKey: PublicKey | undefined;
	readonly host: string;
	anchors: readonly Uint8Array[];
	clientCertificates: readonly Uint8Array[];
	readonly clientKey: ClientKey | undefined;
	maxRecordBytes: number;
	/** NamedCurve, as offered. */
	readonly groups: readonly number[];
	/** Until the session is open. */
	resuming: Resuming | undefined;
	/** It goes on from an earlier one. */
	isResumed = false;
	readonly #notBefore: number;
	readonly #transmit: (record: Uint8Array) => void;
	readonly #resumption: Resumption | undefined;
	#record: Uint8Array = new Uint8Array(HEADER_BYTES);
	#filled = 0;
	/** Of a handshake record in clear, which is taken in pieces: what comes after this piece. */
	#left = 0;
	#plaintext: Uint8Array[] = [];
	#emptyRecords = 0;

	/** `transmit` gets each record that is to be sent; it must not throw. */
	constructor(options: SessionOptions, transmit: (record: Uint8Array) => void) {
		super();
		const { serverName, anchors, clientCertificates = [], clientKey } = options;
		if ((clientKey === undefined) !== (clientCertificates.length === 0))
			throw new TLSError("clientCertificates and clientKey belong together", "tls.key");
		this.host = serverName;
		this.anchors = anchors;
		this.clientCertificates = clientCertificates;
		this.clientKey = clientKey;
		this.#notBefore = options.notBefore ?? 0;
		this.maxRecordBytes = options.maxRecordBytes ?? MAX_FRAGMENT_BYTES;
		// Servers refuse a client's certificate on a curve that was not offered (RFC 8422 section 5.1).
		this.groups = isP384(clientKey) ? [SECP256R1, SECP384R1] : [SECP256R1];
		this.#resumption = options.resumption;
		this.#transmit = transmit;
	}

	/** The wall clock; one that nobody has set is behind the release of this code, or behind what the device's own certificate says. */
	now(): number {
		return Math.max(Date.now(), RELEASED, this.#notBefore);
	}

	/** Sends ClientHello. Not before there is a connection: what it offers to resume is offered once. */
	start(): void {
		this.resuming = this.#resumption && new Resuming(this.#resumption, this, this.now());
		const hello = writeClientHello(this, FRAGMENT_CODE);
		beginTranscript(this, hello);
		this.#transmit(hello);
	}

	/** Any part of what the server sent. Throws TLSError, once; the peer has been told, and the session is closed. */
	receive(bytes: Uint8Array): void {
		try {
			for (let at = 0; at < bytes.length && this.phase !== "closed"; ) {
				const part = bytes.subarray(at, at + this.#record.length - this.#filled);
				this.#record.set(part, this.#filled);
				this.#filled += part.length;
				at += part.length;
				if (this.#filled === this.#record.length) this.#advance();
			}
		} catch (thrown) {
			throw this.#fail(thrown);
		}
	}

	/** Bytes to the end of the record, or of its header. */
	get wanted(): number {
		return this.#record.length - this.#filled;
	}

	/** What the server says to our max_fragment_length (RFC 6066 section 4): the same, or nothing. */
	negotiated(body: Uint8Array): void {
		if (body.length !== 1 || body[0] !== FRAGMENT_CODE)
			throw new TLSError("max_fragment_length is not the one offered");
		this.maxRecordBytes = Math.min(this.maxRecordBytes, FRAGMENT_BYTES);
	}

	/** Plaintext that came, a record's worth. */
	take(): Uint8Array | undefined {
		return this.#plaintext.shift();
	}

	/** Only when open. */
	write(bytes: Uint8Array): void {
		if (this.phase !== "open") throw new TLSError("the session is not open", "wire.closed");
		for (let at = 0; at < bytes.length; at += FRAGMENT_BYTES)
			this.#transmit(recordProtocol.packetize(this, APPLICATION_DATA, bytes.slice(at, at + FRAGMENT_BYTES)));
	}

	/** Tells the peer, when there is something to end. */
	close(): void {
		if (this.phase === "open") this.#transmit(alertProtocol.packetize(this, WARNING, Alert.CLOSE_NOTIFY));
		this.phase = "closed";
	}

	/** For the SDK: application data. */
	putData(bytes: Uint8Array): void {
		if (bytes.byteLength > 0) {
			this.#emptyRecords = 0;
			this.#plaintext.push(bytes);
		} else if (++this.#emptyRecords > MAX_EMPTY_RECORDS)
			throw new TLSError("nothing but empty records", "tls.protocol", Alert.UNEXPECTED_MESSAGE);
	}

	/** The header is whole, or the record is. */
	#advance(): void {
		if (this.#record.length === HEADER_BYTES) {
			this.#begin(this.#record, readHeader(this.#record, this));
			return;
		}
		const record = this.#record;
		this.#record = new Uint8Array(HEADER_BYTES);
		this.#filled = 0;
		this.#open(record);
		if (this.#left > 0) this.#begin(record, this.#left);
		else if (this.alert !== undefined) this.#endByPeer();
		else if (record[0] === CHANGE_CIPHER_SPEC) this.phase = "Finished";
		else if (this.phase === "our turn") this.#answer();
		else if (this.phase === "our Finished") this.#finish("open");
		if (this.phase === "open" && this.masterSecret !== undefined) this.#opened();
	}

	#begin(header: Uint8Array, length: number): void {
		this.#record = roomFor(header, length, this);
		this.#filled = HEADER_BYTES;
		this.#left = HEADER_BYTES + length - this.#record.length;
	}

	/** And takes its content. The SDK counts a record as soon as its seal was right. */
	#open(record: Uint8Array): void {
		const [isSealed, opened] = [this.serverCipher !== undefined, this.readSeqNum];
		try {
			recordProtocol.unpacketize(this, record);
		} catch (thrown) {
			if (!isSealed || this.readSeqNum !== opened) throw thrown;
			throw new TLSError("the seal of a record is wrong", "tls.protocol", Alert.BAD_RECORD_MAC);
		}
	}

	/** Our flight: RFC 5246 section 7.3. */
	#answer(): void {
		if (this.clientCerts !== undefined)
			for (const record of cut(handshake.certificate.packetize(this, this.clientCerts), FRAGMENT_BYTES))
				this.#transmit(record);
		this.#transmit(handshake.clientKeyExchange.packetize(this));
		if (this.myCert !== undefined) this.#transmit(writeCertificateVerify(this));
		this.#finish(this.resuming?.awaitsTicket ? "NewSessionTicket" : "ChangeCipherSpec");
	}

	#finish(next: Phase): void {
		this.#transmit(changeCipherSpec.packetize(this));
		this.#transmit(handshake.finished.packetize(this));
		this.phase = next;
	}

	/** Once: nothing of the handshake is held for as long as the connection. */
	#opened(): void {
		const { masterSecret, serverSessionID: id = new ArrayBuffer(0), authentication } = this;
		this.resuming?.keep(masterSecret!, new Uint8Array(id), authentication, this.now());
		this.isResumed ||= this.resuming?.isAccepted ?? false;
		this.resuming = this.masterSecret = this.myCert = undefined;
		this.anchors = this.clientCertificates = [];
		this.clientCerts &&= [];
	}

	/** After close_notify; every other alert was thrown by the SDK. */
	#endByPeer(): void {
		if (this.phase !== "open") throw new TLSError("the server ended the handshake", "wire.closed");
		this.close();
	}

	#fail(thrown: unknown): TLSError {
		const isOpen = this.phase === "open";
		const isNamed = this.clientCerts !== undefined;
		const error = this.alert ? explainAlert(this.alert.description, { isOpen, isNamed }) : explain(thrown);
		this.phase = "closed";
		this.#resumption?.failed();
		if (this.alert === undefined) this.#transmit(alertProtocol.packetize(this, FATAL, error.alert));
		return error;
	}
}
