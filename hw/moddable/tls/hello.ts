/** `ssl/hello`: ClientHello (RFC 5246 section 7.4.1.2), and what the server answers to its extensions. The SDK's writer knows no session tickets. */
import RNG from "rng";
import sdk from "ssl/handshake-sdk";
import SSLStream from "ssl/stream";
import suites from "./ciphersuites.ts";
import TLSError, { Alert, malformed } from "./error.ts";
import type { Resuming } from "./resumption.ts";
import { SCHEMES } from "./schemes.ts";

/** A session, as far as it is needed here. */
export interface Greeting {
	/** DNS name or IPv4 address. */
	readonly host: string;
	/** NamedCurve, by preference. */
	readonly groups: readonly number[];
	readonly resuming: Resuming | undefined;
	clientRandom: ArrayBuffer;
	/** The answer to max_fragment_length. */
	negotiated(body: Uint8Array): void;
}

/** HandshakeType. */
const CLIENT_HELLO = 1;
const TLS_1_2 = 0x0303;
const NO_COMPRESSION = 0;
const UNCOMPRESSED = 0;
const HOST_NAME = 0;

/** ExtensionType. */
const SERVER_NAME = 0;
const MAX_FRAGMENT_LENGTH = 1;
const SUPPORTED_GROUPS = 10;
const EC_POINT_FORMATS = 11;
const SIGNATURE_ALGORITHMS = 13;
const SESSION_TICKET = 35;
/** Asked for by the last cipher suite. */
const RENEGOTIATION_INFO = 0xff01;

/** The record. `fragmentCode`: RFC 6066 section 4. */
export function writeClientHello(session: Greeting, fragmentCode: number): Uint8Array {
	const { host, groups, resuming } = session;
	session.clientRandom = RNG.get(32);
	const s = new SSLStream();
	s.writeChars(TLS_1_2, 2);
	s.writeChunk(session.clientRandom);
	const sessionId = resuming?.offer?.sessionId ?? new Uint8Array(0);
	s.writeChar(sessionId.length);
	s.writeChunk(sessionId);
	s.writeChars(2 * suites.length, 2);
	for (const { value } of suites) for (const byte of value) s.writeChar(byte);
	s.writeChars((1 << 8) | NO_COMPRESSION, 2);

	const extensions = new SSLStream();
	const extension = (type: number, bytes: number): void => {
		extensions.writeChars(type, 2);
		extensions.writeChars(bytes, 2);
	};
	if (sendsName(host)) {
		extension(SERVER_NAME, 5 + host.length);
		extensions.writeChars(3 + host.length, 2);
		extensions.writeChar(HOST_NAME);
		extensions.writeChars(host.length, 2);
		extensions.writeChunk(ArrayBuffer.fromString(host));
	}
	extension(MAX_FRAGMENT_LENGTH, 1);
	extensions.writeChar(fragmentCode);
	extension(SUPPORTED_GROUPS, 2 + 2 * groups.length);
	extensions.writeChars(2 * groups.length, 2);
	for (const group of groups) extensions.writeChars(group, 2);
	extension(EC_POINT_FORMATS, 2);
	extensions.writeChars((1 << 8) | UNCOMPRESSED, 2);
	extension(SIGNATURE_ALGORITHMS, 2 + 2 * SCHEMES.length);
	extensions.writeChars(2 * SCHEMES.length, 2);
	for (const { hash, sig } of SCHEMES) extensions.writeChars((hash << 8) | sig, 2);
	if (resuming !== undefined) {
		const ticket = resuming.offer?.ticket ?? new Uint8Array(0);
		extension(SESSION_TICKET, ticket.length);
		extensions.writeChunk(ticket);
	}
	s.writeChars(extensions.bytesAvailable, 2);
	s.writeChunk(extensions.getChunk());
	return sdk.packetize(session, CLIENT_HELLO, s);
}

/** A server answers only what was offered, each once (RFC 5246 section 7.4.1.4). */
export function readExtensions(session: Greeting, s: SSLStream): void {
	if (s.readChars(2) !== s.bytesAvailable) throw malformed("ServerHello");
	const seen: number[] = [];
	while (s.bytesAvailable > 0) {
		const type = s.readChars(2);
		const body = s.readChunk(s.readChars(2), true);
		if (seen.includes(type)) throw new TLSError(`extension ${type} occurs twice`);
		seen.push(type);
		if (type === MAX_FRAGMENT_LENGTH) session.negotiated(body);
		else if (type === SESSION_TICKET && session.resuming !== undefined) {
			if (body.length > 0) throw malformed("session_ticket");
			session.resuming.awaitsTicket = true;
		} else checkExtension(session, type, body);
	}
}

/** RFC 6066 section 3: no address. */
const sendsName = (host: string): boolean => /[^\d.]/.test(host);

function checkExtension({ host }: Greeting, type: number, body: Uint8Array): void {
	switch (type) {
		case SERVER_NAME:
			if (!sendsName(host)) break;
			if (body.length > 0) throw malformed("server_name");
			return;
		case SUPPORTED_GROUPS:
			return; // of no meaning in TLS 1.2, yet some servers send it
		case EC_POINT_FORMATS:
			if (body.length < 2 || body[0] !== body.length - 1) throw malformed("ec_point_formats");
			if (body.indexOf(0, 1) < 0) throw new TLSError("the server knows no uncompressed points"); // RFC 8422 section 5.1.2
			return;
		case RENEGOTIATION_INFO:
			if (body.length !== 1 || body[0] !== 0)
				throw new TLSError("not the first handshake", "tls.protocol", Alert.HANDSHAKE_FAILURE); // RFC 5746 section 3.4
			return;
	}
	throw new TLSError(`extension ${type} was not offered`, "tls.protocol", Alert.UNSUPPORTED_EXTENSION);
}
