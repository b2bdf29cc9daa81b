/**
 * Release keys on the host: P-256, PKCS#8 and SPKI PEM files, made and read with node:crypto; ES256 signatures made
 * with the device's own RFC 6979 signer, so that packing twice gives the same bytes.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { concat } from "../../../src/base/bytes.ts";
import { Fault } from "../../../src/fault.ts";
import { KeyPair } from "../../../src/key/pair.ts";
import { verifyRaw } from "../../../src/key/verify.ts";
import { sha256 } from "../digest.ts";
import { checkNew, writeNew } from "../files.ts";

/**
 * Writes both files or none, the private one for its owner only, and last: what it replaces is not lost where the other cannot be
 * written. Throws Fault config.exists unless forced, config.invalid.
 */
export function createReleaseKey(privateFile: string, publicFile: string, force = false): void {
	if (resolve(privateFile) === resolve(publicFile))
		throw new Fault("config.invalid", `--out and --pub: ${publicFile} cannot be both`);
	const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
	checkNew(privateFile, { option: "--out", force });
	writeNew(publicFile, publicKey.export({ type: "spki", format: "pem" }), { option: "--pub", force, open: true });
	try {
		writeNew(privateFile, privateKey.export({ type: "pkcs8", format: "pem" }), { option: "--out", force });
	} catch (thrown) {
		if (!force) rmSync(publicFile, { force: true });
		throw thrown;
	}
}

export function readReleaseKey(file: string): KeyPair {
	const key = read(file, "--key", (pem) => createPrivateKey(pem));
	const { d } = key.export({ format: "jwk" });
	return new KeyPair(Uint8Array.from(Buffer.from(d!, "base64url")));
}

/** SEC1 uncompressed point. */
export function readPublicKey(file: string): Uint8Array {
	const { x, y } = read(file, "--pub", (pem) => createPublicKey(pem)).export({ format: "jwk" });
	return concat(Uint8Array.of(4), Buffer.from(x!, "base64url"), Buffer.from(y!, "base64url"));
}

/** r || s over the SHA-256 of `message`. */
export function sign(key: KeyPair, message: Uint8Array): Uint8Array {
	return rawSignature(key.sign(sha256(message)));
}

/**
 * A signature that somebody else made, raw (64 bytes) or DER (what OpenSSL and most HSMs give), as r || s.
 * Throws Fault ota.signature unless it is one of `publicKey` over `message`.
 */
export function readSignature(bytes: Uint8Array, message: Uint8Array, publicKey: Uint8Array): Uint8Array {
	const raw = bytes.length === 64 ? bytes : rawSignature(bytes);
	if (!verifyRaw("P-256", publicKey, sha256(message), raw))
		throw new Fault("ota.signature", "--signature is not one of --pub over what --to-be-signed wrote");
	return raw;
}

function read(file: string, option: string, parse: (pem: Buffer) => KeyObject): KeyObject {
	let key: KeyObject;
	try {
		key = parse(readFileSync(file));
	} catch (thrown) {
		const reason = (thrown as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : reasonOf(file);
		throw new Fault("config.invalid", `${option} ${file}: ${reason}`);
	}
	if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1")
		throw new Fault("config.invalid", `${option} ${file}: not a P-256 key`);
	return key;
}

function reasonOf(file: string): string {
	try {
		if (!/ENCRYPTED/.test(readFileSync(file, "latin1").slice(0, 4096))) return "not a PEM key";
	} catch {
		return "cannot be read";
	}
	return "encrypted with a passphrase: decrypt it first (openssl pkey -in FILE -out PLAIN), or sign elsewhere (--to-be-signed)";
}

/** ECDSA-Sig-Value (RFC 3279 section 2.2.3) to r || s; 64 zero bytes, which verify as nothing, when it is not one. */
function rawSignature(der: Uint8Array): Uint8Array {
	const raw = new Uint8Array(64);
	let at = 2;
	for (const end of [32, 64]) {
		const length = der[at + 1] ?? 0;
		const integer = der.subarray(at + 2, at + 2 + length);
		const value = integer.subarray(integer[0] === 0 ? 1 : 0);
		if (der[at] !== 2 || value.length > 32) return new Uint8Array(64);
		raw.set(value, end - value.length);
		at += 2 + length;
	}
	return at === der.length ? raw : new Uint8Array(64);
}
