/**
 * `ssl/handshake`: what the server says in a TLS 1.2 handshake (RFC 5246 section 7.4, RFC 8422), read strictly. The SDK's
 * module of the same name is mapped to `ssl/handshake-sdk`: it builds Certificate and ClientKeyExchange, keeps the transcript and
 * checks Finished.
 *
 * Refused: a message that is missing, repeated, out of order, malformed, too long, or that nobody asked for
 * (HelloRequest included); any version but 1.2; a suite, extension, group or signature scheme that was not offered; a
 * ServerKeyExchange whose signature does not verify with the leaf's key.
 */
import sdk from "ssl/handshake-sdk";
import SSLStream from "ssl/stream";
import { concat } from "../../../src/base/bytes.ts";
import Certificates from "./certificates.ts";
import suites from "./ciphersuites.ts";
import { joinTranscript, readCertificateRequest } from "./client.ts";
import TLSError, { Alert, malformed } from "./error.ts";
import type { Phase } from "./header.ts";
import { readExtensions } from "./hello.ts";
import { isPoint, pointBytes } from "./point.ts";
import type { Resuming } from "./resumption.ts";
import { SCHEMES } from "./schemes.ts";
import type Session from "./session.ts";
import { digestOf, judge } from "./signature.ts";

/** Of a message that is held whole. */
const MAX_MESSAGE_BYTES = 6_144;
/** Of Certificate, which is not: four with keys of 4,096 bits and a hundred names have 8,000. */
const MAX_CERTIFICATES_BYTES = 16_384;
const HEADER_BYTES = 4;
const TLS_1_2 = 0x0303;
const NAMED_CURVE = 3;
const VERIFY_DATA_BYTES = 12;

/** HandshakeType. */
const SERVER_HELLO = 2;
const NEW_SESSION_TICKET = 4;
const CERTIFICATE = 11;
const SERVER_KEY_EXCHANGE = 12;
const CERTIFICATE_REQUEST = 13;
const SERVER_HELLO_DONE = 14;
const FINISHED = 20;

const serverHello = {
	unpacketize(session: Session, s: SSLStream): void {
		const body = rest(s);
		const hello = new SSLStream(body);
		const version = hello.readChars(2);
		if (version !== TLS_1_2)
			throw new TLSError(`the server chose version ${version.toString(16)}`, "tls.protocol", Alert.PROTOCOL_VERSION);
		hello.readChunk(32);
		const sessionIdBytes = hello.readChar();
		if (sessionIdBytes > 32) throw malformed(`a session id of ${sessionIdBytes} bytes`);
		const sessionId = hello.readChunk(sessionIdBytes, true);
		const [high, low] = [hello.readChar(), hello.readChar()];
		const suite = suites.find(({ value }) => value[0] === high && value[1] === low);
		if (suite?.authentication === undefined) throw new TLSError("the server chose a cipher suite that was not offered");
		session.authentication = suite.authentication;
		if (hello.readChar() !== 0) throw new TLSError("the server chose a compression that was not offered");
		if (hello.bytesAvailable > 0) readExtensions(session, hello);
		sdk.serverHello.unpacketize(session, new SSLStream(body));
		joinTranscript(session);
		session.masterSecret = session.resuming?.answer(sessionId, suite.authentication);
	},
};

const serverKeyExchange = {
	/** ServerECDHParams and their signature, RFC 8422 section 5.4. */
	unpacketize(session: Session, s: SSLStream): void {
		const curve = s.readChunk(4, true);
		const group = (curve[1]! << 8) | curve[2]!;
		const offered = session.groups.includes(group);
		if (curve[0] !== NAMED_CURVE || !offered || curve[3] !== pointBytes(group))
			throw new TLSError("the server chose a group that was not offered");
		const point = s.readChunk(pointBytes(group), true);
		const parameters = concat(curve, point);
		if (!isPoint(group, point)) throw new TLSError("the server's point is not on the curve");

		const [hash, sig] = [s.readChar(), s.readChar()];
		const scheme = SCHEMES.find((offered) => offered.hash === hash && offered.sig === sig);
		if (scheme === undefined) throw new TLSError(`signature scheme ${hash},${sig} was not offered`);
		const signature = s.readChunk(s.readChars(2), true);
		if (s.bytesAvailable > 0) throw malformed("ServerKeyExchange");
		const key = session.serverKey!;
		if ((key.type === "RSA") !== (session.authentication === "RSA"))
			throw new TLSError("the leaf's key does not fit the cipher suite");
		const signed = concat(new Uint8Array(session.clientRandom), new Uint8Array(session.serverRandom), parameters);
		const verdict = judge(key, scheme.algorithm, digestOf(scheme.algorithm, signed), signature);
		if (verdict === "unchecked") throw new TLSError("the leaf has a key that is not taken here", "tls.algorithm");
		if (verdict === "wrong")
			throw new TLSError("the signature of ServerKeyExchange is wrong", "tls.untrusted", Alert.DECRYPT_ERROR);
		session.serverKey = undefined;
		session.dhparams = { named_curve: group, dh_Ys: point.slice().buffer };
	},
};

const finished = {
	unpacketize(session: Session, s: SSLStream): void {
		if (s.bytesAvailable !== VERIFY_DATA_BYTES) throw malformed("Finished");
		try {
			sdk.finished.unpacketize(session, s);
		} catch {
			throw new TLSError("Finished is wrong", "tls.protocol", Alert.DECRYPT_ERROR);
		}
	},
};

const certificateRequest = { unpacketize: readCertificateRequest };

const serverHelloDone = { unpacketize(): void {} };

/** What the SDK's reader hands the body of each message to. The module is one of a cycle: nothing of the SDK is used while it loads. */
const messages = { serverHello, serverKeyExchange, certificateRequest, serverHelloDone, finished };

/** The content of one record, or of a part of one: parts of messages, whole ones, several. */
function unpacketize(session: Session, s: SSLStream): void {
	let bytes = rest(s);
	while (bytes.length > 0) {
		const type = session.certificates ? CERTIFICATE : session.filled > 0 ? session.partial[0]! : bytes[0]!;
		const next = expected(session.phase, type);
		const part = bytes.subarray(0, session.partial.length - session.filled);
		session.partial.set(part, session.filled);
		session.filled += part.length;
		bytes = bytes.subarray(part.length);
		if (session.filled < session.partial.length) continue;
		if (session.certificates !== undefined) takePart(session, session.certificates, next);
		else if (session.partial.length > HEADER_BYTES || !begin(session)) take(session, next);
	}
}

/** Makes room for the message of that header, or for the first part of it. Returns whether it has a body. */
function begin(session: Session): boolean {
	const header = session.partial;
	const type = header[0]!;
	const length = (header[1]! << 16) | (header[2]! << 8) | header[3]!;
	const isCertificate = type === CERTIFICATE;
	if (
		length > (isCertificate ? MAX_CERTIFICATES_BYTES : MAX_MESSAGE_BYTES) ||
		(length === 0) !== (type === SERVER_HELLO_DONE)
	)
		throw malformed(`message ${type} of ${length} bytes`);
	if (isCertificate) {
		hear(session, header);
		session.certificates = new Certificates(session, length);
		makeRoom(session, session.certificates.wanted);
	} else if (length > 0) {
		session.partial = new Uint8Array(HEADER_BYTES + length);
		session.partial.set(header);
	}
	return length > 0;
}

/** Certificate: what was read is let go before anything is verified. */
function takePart(session: Session, certificates: Certificates, next: Phase): void {
	hear(session, session.partial);
	certificates.take(session.partial);
	makeRoom(session, certificates.wanted || HEADER_BYTES);
	certificates.verify();
	if (certificates.wanted > 0) return;
	session.serverKey = certificates.end();
	session.certificates = undefined;
	session.phase = next;
}

function take(session: Session, next: Phase): void {
	const message = session.partial;
	makeRoom(session, HEADER_BYTES);
	if (message[0] === NEW_SESSION_TICKET) {
		session.resuming!.readTicket(new SSLStream(message.subarray(HEADER_BYTES)));
		hear(session, message);
	} else sdk.unpacketize.call(messages, session, new SSLStream(message));
	session.phase = session.resuming?.isAccepted ? resumed(session.resuming, next) : next;
}

function makeRoom(session: Session, bytes: number): void {
	session.partial = new Uint8Array(bytes);
	session.filled = 0;
}

/** For the transcript, of what the SDK does not hear. */
function hear({ handshakeDigests }: Session, bytes: Uint8Array): void {
	for (const digest of Object.values(handshakeDigests!)) digest.write(bytes);
}

/** RFC 5246 section 7.3, figure 2: no certificates and no keys, and the server finishes first. */
function resumed({ awaitsTicket }: Resuming, next: Phase): Phase {
	if (next === "Certificate") return awaitsTicket ? "NewSessionTicket" : "ChangeCipherSpec";
	return next === "open" ? "our Finished" : next;
}

export default Object.freeze({ unpacketize });

/** Throws where no such message may come now. */
function expected(phase: Phase, type: number): Phase {
	const next = following(phase, type);
	if (next === undefined)
		throw new TLSError(`message ${type}, expected ${phase}`, "tls.protocol", Alert.UNEXPECTED_MESSAGE);
	return next;
}

/** RFC 5246 section 7.3, figure 1, for a client that always wants the server authenticated. */
function following(phase: Phase, type: number): Phase | undefined {
	switch (phase) {
		case "ServerHello":
			return type === SERVER_HELLO ? "Certificate" : undefined;
		case "Certificate":
			return type === CERTIFICATE ? "ServerKeyExchange" : undefined;
		case "ServerKeyExchange":
			return type === SERVER_KEY_EXCHANGE ? "CertificateRequest or ServerHelloDone" : undefined;
		case "CertificateRequest or ServerHelloDone":
			if (type === CERTIFICATE_REQUEST) return "ServerHelloDone";
			return type === SERVER_HELLO_DONE ? "our turn" : undefined;
		case "ServerHelloDone":
			return type === SERVER_HELLO_DONE ? "our turn" : undefined;
		case "NewSessionTicket":
			return type === NEW_SESSION_TICKET ? "ChangeCipherSpec" : undefined;
		case "Finished":
			return type === FINISHED ? "open" : undefined;
		default:
			return undefined;
	}
}

const rest = (s: SSLStream): Uint8Array => s.readChunk(s.bytesAvailable, true);
