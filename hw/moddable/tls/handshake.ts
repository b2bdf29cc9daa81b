/**
 * `ssl/handshake`: what the server says in a TLS 1.2 handshake (RFC 5246 section 7.4, RFC 8422), read strictly. The SDK's
 * module of the same name is mapped to `ssl/handshake-sdk`: it builds Certificate and ClientKeyExchange, keeps the transcript and
 * checks Finished.
 *
 * Refused: a message that is missing, repeated, out of order, malformed, over 8 KB, or that nobody asked for
 * (HelloRequest included); any version but 1.2; a suite, extension, group or signature scheme that was not offered; a
 * ServerKeyExchange whose signature does not verify with the leaf's key.
 */
import sdk from "ssl/handshake-sdk";
import SSLStream from "ssl/stream";
import { concat } from "../../../src/base/bytes.ts";
import authenticate, { MAX_CERTIFICATES, tooManyCertificates } from "./cert.ts";
import suites from "./ciphersuites.ts";
import { joinTranscript, readCertificateRequest } from "./client.ts";
import TLSError, { Alert, malformed } from "./error.ts";
import type { Phase } from "./header.ts";
import { readExtensions } from "./hello.ts";
import { isPoint, pointBytes } from "./point.ts";
import { fingerprint, type Resuming } from "./resumption.ts";
import { SCHEMES } from "./schemes.ts";
import type Session from "./session.ts";
import { judge } from "./signature.ts";

/**
 * Four certificates with RSA signatures, or one with a hundred names. It is held whole, also while a signature by a key of 4,096 bits is
 * checked: larger ones, from a server that need not be the right one, ended a machine that cannot grow.
 */
const MAX_MESSAGE_BYTES = 6_208;
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

const certificate = {
	unpacketize(session: Session, s: SSLStream): void {
		if (s.readChars(3) !== s.bytesAvailable) throw malformed("Certificate");
		const chain: Uint8Array[] = [];
		let count = 0;
		// Those beyond are only counted: thousands of one byte fit into a message.
		for (; s.bytesAvailable > 0; count++) {
			const der = s.readChunk(s.readChars(3), true);
			if (count < MAX_CERTIFICATES) chain.push(der);
		}
		if (count > MAX_CERTIFICATES) throw tooManyCertificates(count);
		const { host, anchors, resuming } = session;
		const now = session.now();
		const isBehind = Date.now() < now;
		const parties = fingerprint(host, anchors, chain);
		// A clock that is behind has not said that no certificate is too young.
		const verifiedUntil = isBehind ? undefined : resuming?.store.verifiedUntil(parties, now);
		const { leaf, notAfter } = authenticate(chain, { host, anchors, now, isBehind, verifiedUntil });
		session.serverKey = leaf.publicKey;
		if (resuming === undefined) return;
		resuming.notAfter = notAfter;
		if (!isBehind && verifiedUntil === undefined) resuming.store.verified({ parties, from: now, until: notAfter });
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
		const verdict = judge(key, scheme.algorithm, signed, signature);
		if (verdict === "unchecked") throw new TLSError("the leaf has a key that is not taken here", "tls.algorithm");
		if (verdict === "wrong")
			throw new TLSError("the signature of ServerKeyExchange is wrong", "tls.untrusted", Alert.DECRYPT_ERROR);
		session.serverKey = undefined; // a view of the chain, which would stay
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
const messages = { serverHello, certificate, serverKeyExchange, certificateRequest, serverHelloDone, finished };

/** The content of one record, or of a part of one: parts of messages, whole ones, several. A message is copied once at most. */
function unpacketize(session: Session, s: SSLStream): void {
	let bytes = rest(s);
	while (bytes.length > 0) {
		const next = expected(session.phase, session.filled > 0 ? session.partial[0]! : bytes[0]!);
		if (session.filled === 0 && bytes.length >= HEADER_BYTES) {
			const total = messageBytes(bytes);
			if (bytes.length >= total) {
				take(session, bytes.subarray(0, total), next);
				bytes = bytes.subarray(total);
				continue;
			}
		}
		const part = bytes.subarray(0, session.partial.length - session.filled);
		session.partial.set(part, session.filled);
		session.filled += part.length;
		bytes = bytes.subarray(part.length);
		if (session.filled === HEADER_BYTES) {
			const whole = new Uint8Array(messageBytes(session.partial));
			whole.set(session.partial);
			session.partial = whole;
		}
		if (session.filled < session.partial.length) continue;
		const message = session.partial;
		session.partial = new Uint8Array(HEADER_BYTES);
		session.filled = 0;
		take(session, message, next);
	}
}

/** Returns the length of the message, header included. */
function messageBytes(bytes: Uint8Array): number {
	const type = bytes[0]!;
	const length = (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!;
	if (length > MAX_MESSAGE_BYTES || (length === 0) !== (type === SERVER_HELLO_DONE))
		throw malformed(`message ${type} of ${length} bytes`);
	return HEADER_BYTES + length;
}

function take(session: Session, message: Uint8Array, next: Phase): void {
	if (message[0] === NEW_SESSION_TICKET) {
		session.resuming!.readTicket(new SSLStream(message.subarray(HEADER_BYTES)));
		for (const digest of Object.values(session.handshakeDigests!)) digest.write(message); // the SDK knows no such message
	} else sdk.unpacketize.call(messages, session, new SSLStream(message));
	session.phase = session.resuming?.isAccepted ? resumed(session.resuming, next) : next;
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
