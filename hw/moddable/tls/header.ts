/** `ssl/header`: the header of a record (RFC 5246 section 6.2.1), whether such a record may come now, and records in parts. */
import { concat } from "../../../src/base/bytes.ts";
import TLSError, { Alert } from "./error.ts";

/** What must come next from the server. */
export type Phase =
	| "ServerHello"
	| "Certificate"
	| "ServerKeyExchange"
	| "CertificateRequest or ServerHelloDone"
	| "ServerHelloDone"
	| "our turn"
	| "NewSessionTicket"
	| "ChangeCipherSpec"
	| "Finished"
	/** Of a session that is resumed: the server has finished first. */
	| "our Finished"
	| "open"
	| "closed";

/** A session, as far as it is needed here. */
export interface Receiving {
	readonly phase: Phase;
	readonly serverCipher: object | undefined;
	/** Of the content of a sealed record, which is held whole before it can be opened. */
	readonly maxRecordBytes: number;
}

/** ContentType. */
export const CHANGE_CIPHER_SPEC = 20;
const ALERT = 21;
const HANDSHAKE = 22;
export const APPLICATION_DATA = 23;

export const HEADER_BYTES = 5;
export const MAX_FRAGMENT_BYTES = 16_384;
/** Explicit nonce and tag of AES-GCM. */
const SEAL_BYTES = 24;
/** Of a handshake record in clear: what is read of it at a time. */
const PIECE_BYTES = 1_024;

/** Returns the length of what follows. */
export function readHeader(header: Uint8Array, session: Receiving): number {
	const [type, major, minor] = header;
	const length = (header[3]! << 8) | header[4]!;
	const isSealed = session.serverCipher !== undefined;
	const content = length - (isSealed ? SEAL_BYTES : 0);
	if (major !== 3 || (minor !== 3 && session.phase !== "ServerHello"))
		throw new TLSError("not a record of TLS 1.2", "tls.protocol", Alert.PROTOCOL_VERSION);
	if (content > MAX_FRAGMENT_BYTES) throw new TLSError("record too long", "tls.protocol", Alert.RECORD_OVERFLOW);
	if (isSealed && content > session.maxRecordBytes)
		throw new TLSError(`record of ${content} bytes, at most ${session.maxRecordBytes}`, "tls.record");
	if (content < 0) throw new TLSError("record too short for its seal", "tls.protocol", Alert.BAD_RECORD_MAC);
	if (!mayCome(session, type!, content))
		throw new TLSError(
			`record of type ${type}, ${content} bytes, expected ${session.phase}`,
			"tls.protocol",
			Alert.UNEXPECTED_MESSAGE,
		);
	return length;
}

/**
 * For the record of that header, or for the next piece of it where `length` is what is left. What is in clear need not be held
 * to be opened: it is read as several smaller records would be.
 */
export function roomFor(header: Uint8Array, length: number, { serverCipher }: Receiving): Uint8Array {
	const inPieces = header[0] === HANDSHAKE && serverCipher === undefined;
	const record = new Uint8Array(HEADER_BYTES + (inPieces ? Math.min(length, PIECE_BYTES) : length));
	record.set(header.subarray(0, HEADER_BYTES));
	return withLength(record);
}

/** A record in clear, as records with at most `most` bytes of content each. */
export function cut(record: Uint8Array, most: number): Uint8Array[] {
	const records: Uint8Array[] = [];
	for (let at = HEADER_BYTES; at < record.length; at += most)
		records.push(withLength(concat(record.subarray(0, HEADER_BYTES), record.subarray(at, at + most))));
	return records;
}

/** Its header says how long it is. */
function withLength(record: Uint8Array): Uint8Array {
	const length = record.length - HEADER_BYTES;
	record[3] = length >> 8;
	record[4] = length & 0xff;
	return record;
}

/** No handshake message has begun in a phase where none may come: a cipher change is never within one. */
function mayCome({ phase }: Receiving, type: number, contentBytes: number): boolean {
	switch (type) {
		case CHANGE_CIPHER_SPEC:
			return phase === "ChangeCipherSpec" && contentBytes === 1;
		case ALERT:
			return contentBytes === 2;
		case HANDSHAKE:
			return contentBytes > 0;
		case APPLICATION_DATA:
			return phase === "open";
		default:
			return false;
	}
}
