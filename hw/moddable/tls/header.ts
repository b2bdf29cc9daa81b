/** `ssl/header`: the header of a record (RFC 5246 section 6.2.1), and whether such a record may come now. */
import TLSError, { Alert } from "./error.ts";

/** What must come next from the server. */
export type Phase =
	| "ServerHello"
	| "Certificate"
	| "ServerKeyExchange"
	| "CertificateRequest or ServerHelloDone"
	| "ServerHelloDone"
	| "our turn"
	| "ChangeCipherSpec"
	| "Finished"
	| "open"
	| "closed";

/** A session, as far as it is needed here. */
export interface Receiving {
	readonly phase: Phase;
	/** The beginning of a handshake message whose end has not come. */
	readonly partial: Uint8Array;
	readonly serverCipher: object | undefined;
}

/** ContentType. */
export const CHANGE_CIPHER_SPEC = 20;
const ALERT = 21;
const HANDSHAKE = 22;
export const APPLICATION_DATA = 23;

export const HEADER_BYTES = 5;
const MAX_FRAGMENT_BYTES = 16_384;
/** Explicit nonce and tag of AES-GCM. */
const SEAL_BYTES = 24;

/** Returns the length of what follows. */
export function readHeader(header: Uint8Array, session: Receiving): number {
	const [type, major, minor] = header;
	const length = (header[3]! << 8) | header[4]!;
	const content = length - (session.serverCipher === undefined ? 0 : SEAL_BYTES);
	if (major !== 3 || (minor !== 3 && session.phase !== "ServerHello"))
		throw new TLSError("not a record of TLS 1.2", "tls.protocol", Alert.PROTOCOL_VERSION);
	if (content > MAX_FRAGMENT_BYTES) throw new TLSError("record too long", "tls.protocol", Alert.RECORD_OVERFLOW);
	if (content < 0) throw new TLSError("record too short for its seal", "tls.protocol", Alert.BAD_RECORD_MAC);
	if (!mayCome(session, type!, content))
		throw new TLSError(
			`record of type ${type}, ${content} bytes, expected ${session.phase}`,
			"tls.protocol",
			Alert.UNEXPECTED_MESSAGE,
		);
	return length;
}

function mayCome({ phase, partial }: Receiving, type: number, contentBytes: number): boolean {
	switch (type) {
		case CHANGE_CIPHER_SPEC:
			return phase === "ChangeCipherSpec" && contentBytes === 1 && partial.length === 0;
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
