/**
 * `ssl/ciphersuites`: what we offer, instead of the SDK's list, which begins with static RSA and CBC.
 *
 * ECDHE with AES-128-GCM (RFC 5289) only: forward secrecy, an AEAD, and no suite a middle man could downgrade to. The
 * last entry is the signal of RFC 5746 section 3.3 (we never renegotiate); a server cannot choose it.
 */
import { AES, ECDHE_RSA, GCM, SHA256 } from "ssl/constants";

export interface CipherSuite {
	readonly value: readonly [number, number];
	/** Key type that the server's certificate must have. */
	readonly authentication?: "ECDSA" | "RSA";
}

const ECDHE_AES_128_GCM_SHA256 = {
	isExportable: false,
	/** The SDK's name for ECDHE of either kind. */
	keyExchangeAlgorithm: ECDHE_RSA,
	cipherAlgorithm: AES,
	cipherKeySize: 16,
	cipherBlockSize: 16,
	hashAlgorithm: SHA256,
	hashSize: 32,
	encryptionMode: GCM,
	ivSize: 8,
	saltSize: 4,
};

const suites: readonly CipherSuite[] = [
	{ ...ECDHE_AES_128_GCM_SHA256, value: [0xc0, 0x2b], authentication: "ECDSA" },
	{ ...ECDHE_AES_128_GCM_SHA256, value: [0xc0, 0x2f], authentication: "RSA" },
	{ value: [0x00, 0xff] },
];

export default Object.freeze(suites);
