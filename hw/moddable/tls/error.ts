/**
 * `ssl/error`: what ends a TLS connection (RFC 5246 section 7.2). Takes the place of the SDK's class of the same module,
 * so that what the SDK's own messages throw carries a code too.
 *
 * `code` is for the program, `alert` is what the peer is told; neither says anything secret.
 */
export type TLSErrorCode =
	/** The chain does not lead to an anchor, or a certificate in it may not do what it is used for. */
	| "tls.untrusted"
	/** The chain has a signature or a key of a kind that is not taken here: no forgery, as far as anybody can say. */
	| "tls.algorithm"
	/** The certificate is for another host. */
	| "tls.name"
	/** A certificate of the chain is outside its dates, by this device's clock. */
	| "tls.expired"
	/** The server refused us, most likely our certificate. */
	| "tls.rejected"
	/** Our own certificate's key cannot be used. */
	| "tls.key"
	/** The peer broke TLS, or offers nothing that we accept. */
	| "tls.protocol"
	/** The server sends records larger than this device can hold. */
	| "tls.record"
	/** The connection ended without TLS having ended it. */
	| "wire.closed";

/** RFC 5246 section 7.2, RFC 8446 section 6.2. */
export const Alert = Object.freeze({
	CLOSE_NOTIFY: 0,
	UNEXPECTED_MESSAGE: 10,
	BAD_RECORD_MAC: 20,
	RECORD_OVERFLOW: 22,
	HANDSHAKE_FAILURE: 40,
	BAD_CERTIFICATE: 42,
	UNSUPPORTED_CERTIFICATE: 43,
	CERTIFICATE_EXPIRED: 45,
	ILLEGAL_PARAMETER: 47,
	UNKNOWN_CA: 48,
	DECODE_ERROR: 50,
	DECRYPT_ERROR: 51,
	PROTOCOL_VERSION: 70,
	INTERNAL_ERROR: 80,
	UNSUPPORTED_EXTENSION: 110,
	UNRECOGNIZED_NAME: 112,
});

export default class TLSError extends Error {
	readonly code: TLSErrorCode;
	readonly alert: number;

	constructor(message: string, code: TLSErrorCode = "tls.protocol", alert: number = ALERT_OF[code]) {
		super(message);
		this.code = code;
		this.alert = alert;
	}

	override get name(): string {
		return "TLSError";
	}
}

const ALERT_OF: Readonly<Record<TLSErrorCode, number>> = Object.freeze({
	"tls.untrusted": Alert.UNKNOWN_CA,
	"tls.algorithm": Alert.UNSUPPORTED_CERTIFICATE,
	"tls.name": Alert.BAD_CERTIFICATE,
	"tls.expired": Alert.CERTIFICATE_EXPIRED,
	"tls.rejected": Alert.CLOSE_NOTIFY,
	"tls.key": Alert.INTERNAL_ERROR,
	"tls.protocol": Alert.ILLEGAL_PARAMETER,
	"tls.record": Alert.RECORD_OVERFLOW,
	"wire.closed": Alert.CLOSE_NOTIFY,
});

/** What the SDK throws when a read goes past the end is a bare Error. */
export function explain(thrown: unknown): TLSError {
	if (thrown instanceof TLSError) return thrown;
	return new TLSError(`malformed: ${(thrown as Error)?.message ?? ""}`, "tls.protocol", Alert.DECODE_ERROR);
}

export const malformed = (what: string): TLSError =>
	new TLSError(`${what} is malformed`, "tls.protocol", Alert.DECODE_ERROR);

/** An alert that came. `isNamed`: our certificate is out, and a refusal is about it. */
export function explainAlert(
	description: number,
	{ isOpen, isNamed }: { isOpen: boolean; isNamed: boolean },
): TLSError {
	const message = `the server sent alert ${description}`;
	if (description === Alert.CLOSE_NOTIFY || isOpen) return new TLSError(message, "wire.closed");
	if (description === Alert.UNRECOGNIZED_NAME) return new TLSError(message, "tls.name");
	return new TLSError(message, isNamed ? "tls.rejected" : "tls.protocol");
}
