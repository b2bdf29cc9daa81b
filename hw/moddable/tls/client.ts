/**
 * How the client proves who it is: CertificateRequest and CertificateVerify (RFC 5246 section 7.4.4 and 7.4.8, RFC 8422
 * section 5.8), which the SDK knows for RSA only.
 *
 * EC keys stay with their signer: it is asked, synchronously, for ecdsa_secp256r1_sha256 or, on P-384, ecdsa_secp384r1_sha384 over
 * the transcript's digest, of which the SDK keeps the first only. RSA keys are PKCS#8 and sign rsa_pkcs1_sha256. When the
 * server's request allows none of these, the answer is an empty Certificate, and the server decides.
 */
import { Digest } from "crypt";
import signByRsa from "pkcs1_5";
import sdk from "ssl/handshake-sdk";
import SSLStream from "ssl/stream";
import { curveOf } from "../../../src/key/pair.ts";
import TLSError, { Alert } from "./error.ts";
import { HASH_SHA256, HASH_SHA384, SIGNATURE_ECDSA, SIGNATURE_RSA } from "./schemes.ts";

/**
 * P-256: signs a SHA-256 digest, gives DER. P-384: the same of a SHA-384 digest, told by its public key (SEC1 uncompressed).
 * RSA: PKCS#8, DER.
 */
export type ClientKey = { readonly publicKey?: Uint8Array; sign(digest: Uint8Array): Uint8Array } | Uint8Array;

/** A session, as far as it is needed here. */
export interface Identified {
	readonly clientCertificates: readonly Uint8Array[];
	readonly clientKey: ClientKey | undefined;
	/** What the answer to CertificateRequest will hold; undefined: there was none. */
	clientCerts: readonly Uint8Array[] | undefined;
	/** The SDK's running digests of the transcript, by name; each gets every message. From ServerHello on. */
	handshakeDigests: Record<string, Digest> | undefined;
	/** Of a P-384 key: it has heard ClientHello. */
	sha384: Digest | undefined;
}

const RECORD_HEADER_BYTES = 5;

/** HandshakeType. */
const CERTIFICATE_VERIFY = 15;

/** ClientCertificateType. */
const RSA_SIGN = 1;
const ECDSA_SIGN = 64;

export function readCertificateRequest(session: Identified, s: SSLStream): void {
	const types = s.readChunk(s.readChar(), true);
	const schemes = s.readChunk(s.readChars(2), true);
	const authorities = s.readChunk(s.readChars(2), true);
	if (
		s.bytesAvailable > 0 ||
		types.length === 0 ||
		schemes.length === 0 ||
		schemes.length % 2 !== 0 ||
		!areNames(authorities)
	)
		throw new TLSError("CertificateRequest is malformed", "tls.protocol", Alert.DECODE_ERROR);
	const { clientKey, clientCertificates } = session;
	session.clientCerts = clientKey !== undefined && allows(types, schemes, clientKey) ? clientCertificates : [];
}

/** `hello`: the record with ClientHello. The SDK begins its digests when the server has answered. */
export function beginTranscript(session: Identified, hello: Uint8Array): void {
	if (!isP384(session.clientKey)) return;
	session.sha384 = new Digest("SHA384");
	session.sha384.write(hello.slice(RECORD_HEADER_BYTES));
}

/** The SDK has begun its digests, and not yet heard ServerHello. */
export function joinTranscript({ handshakeDigests, sha384 }: Identified): void {
	if (sha384 !== undefined) handshakeDigests!.SHA384 = sha384;
}

export function writeCertificateVerify(session: Identified): Uint8Array {
	const key = session.clientKey!;
	const signature = sign(key, transcriptDigest(session));
	const s = new SSLStream();
	s.writeChar(hashOf(key));
	s.writeChar(signatureOf(key));
	s.writeChars(signature.byteLength, 2);
	s.writeChunk(signature);
	return sdk.packetize(session, CERTIFICATE_VERIFY, s);
}

function transcriptDigest(session: Identified): ArrayBuffer {
	const { handshakeDigests, sha384 } = session;
	if (sha384 === undefined) return sdk.certificateVerify.calculateDigest(session);
	delete handshakeDigests!.SHA384;
	session.sha384 = undefined;
	return sha384.close();
}

function sign(key: ClientKey, digest: ArrayBuffer): Uint8Array | ArrayBuffer {
	try {
		if ("sign" in key) return key.sign(new Uint8Array(digest));
		return signByRsa(key, digest);
	} catch {
		throw new TLSError("the client's key cannot sign", "tls.key"); // what was thrown may say too much
	}
}

const signatureOf = (key: ClientKey): number => ("sign" in key ? SIGNATURE_ECDSA : SIGNATURE_RSA);

const hashOf = (key: ClientKey): number => (isP384(key) ? HASH_SHA384 : HASH_SHA256);

export const isP384 = (key: ClientKey | undefined): boolean =>
	key !== undefined && "sign" in key && key.publicKey !== undefined && curveOf(key.publicKey) === "P-384";

function allows(types: Uint8Array, schemes: Uint8Array, key: ClientKey): boolean {
	if (!types.includes("sign" in key ? ECDSA_SIGN : RSA_SIGN)) return false;
	for (let at = 0; at < schemes.length; at += 2)
		if (schemes[at] === hashOf(key) && schemes[at + 1] === signatureOf(key)) return true;
	return false;
}

/** DistinguishedName<1..2^16-1>, one after the other. */
function areNames(bytes: Uint8Array): boolean {
	let at = 0;
	while (at + 2 <= bytes.length) at += 2 + ((bytes[at]! << 8) | bytes[at + 1]!);
	return at === bytes.length;
}
