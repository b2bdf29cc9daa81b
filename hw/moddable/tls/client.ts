/**
 * How the client proves who it is: CertificateRequest and CertificateVerify (RFC 5246 section 7.4.4 and 7.4.8, RFC 8422
 * section 5.8), which the SDK knows for RSA only.
 *
 * EC keys stay with their signer: it is asked, synchronously, for ecdsa_secp256r1_sha256 over the transcript's digest. RSA keys are
 * PKCS#8 and sign rsa_pkcs1_sha256. When the server's request allows neither, the answer is an empty Certificate, and
 * the server decides.
 */
import PKCS1_5 from "pkcs1_5";
import PKCS8 from "pkcs8";
import sdk from "ssl/handshake-sdk";
import SSLStream from "ssl/stream";
import TLSError, { Alert } from "./error.ts";
import { HASH_SHA256, SIGNATURE_ECDSA, SIGNATURE_RSA } from "./schemes.ts";

/** P-256: signs a SHA-256 digest, gives DER. RSA: PKCS#8, DER. */
export type ClientKey = { sign(digest: Uint8Array): Uint8Array } | Uint8Array;

/** A session, as far as it is needed here. */
export interface Identified {
	readonly clientCertificates: readonly Uint8Array[];
	readonly clientKey: ClientKey | undefined;
	/** What the answer to CertificateRequest will hold; undefined: there was none. */
	clientCerts: readonly Uint8Array[] | undefined;
}

/** HandshakeType. */
const CERTIFICATE_VERIFY = 15;

/** ClientCertificateType. */
const RSA_SIGN = 1;
const ECDSA_SIGN = 64;

const SHA256_OID = Object.freeze([2, 16, 840, 1, 101, 3, 4, 2, 1]);

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

export function writeCertificateVerify(session: Identified): Uint8Array {
	const key = session.clientKey!;
	const signature = sign(key, sdk.certificateVerify.calculateDigest(session));
	const s = new SSLStream();
	s.writeChar(HASH_SHA256);
	s.writeChar(signatureOf(key));
	s.writeChars(signature.byteLength, 2);
	s.writeChunk(signature);
	return sdk.packetize(session, CERTIFICATE_VERIFY, s);
}

function sign(key: ClientKey, digest: ArrayBuffer): Uint8Array | ArrayBuffer {
	try {
		if ("sign" in key) return key.sign(new Uint8Array(digest));
		return new PKCS1_5(PKCS8.parse(key), true, SHA256_OID).sign(digest);
	} catch {
		throw new TLSError("the client's key cannot sign", "tls.key"); // what was thrown may say too much
	}
}

const signatureOf = (key: ClientKey): number => ("sign" in key ? SIGNATURE_ECDSA : SIGNATURE_RSA);

function allows(types: Uint8Array, schemes: Uint8Array, key: ClientKey): boolean {
	if (!types.includes("sign" in key ? ECDSA_SIGN : RSA_SIGN)) return false;
	for (let at = 0; at < schemes.length; at += 2)
		if (schemes[at] === HASH_SHA256 && schemes[at + 1] === signatureOf(key)) return true;
	return false;
}

/** DistinguishedName<1..2^16-1>, one after the other. */
function areNames(bytes: Uint8Array): boolean {
	let at = 0;
	while (at + 2 <= bytes.length) at += 2 + ((bytes[at]! << 8) | bytes[at + 1]!);
	return at === bytes.length;
}
