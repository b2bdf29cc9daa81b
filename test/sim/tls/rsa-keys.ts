/** RSA keys for tests. One of 4,096 bits takes seconds: each is made once for all processes and runs, and kept in build/keys. */
import { createPrivateKey, createPublicKey, webcrypto } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(import.meta.dirname, "../../../build/keys");
const { subtle } = webcrypto;
const taken = new Map<string, number>();

/** Of that kind another one at each call, the same in each process. `algorithm`: for WebCrypto. */
export async function rsaKeys(
	kind: string,
	algorithm: webcrypto.RsaHashedKeyGenParams,
): Promise<webcrypto.CryptoKeyPair> {
	const number = taken.get(kind) ?? 0;
	taken.set(kind, number + 1);
	const path = join(FOLDER, `${kind.replace(/\W+/g, "-")}-${number}.der`);
	if (!existsSync(path)) return make(path, algorithm);
	const pkcs8 = readFileSync(path);
	const key = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
	const spki = createPublicKey(key).export({ format: "der", type: "spki" });
	return {
		privateKey: await subtle.importKey("pkcs8", pkcs8, algorithm, true, ["sign"]),
		publicKey: await subtle.importKey("spki", spki, algorithm, true, ["verify"]),
	};
}

/** Whole in its place at once: other processes may make it, too. */
async function make(path: string, algorithm: webcrypto.RsaHashedKeyGenParams): Promise<webcrypto.CryptoKeyPair> {
	const keys = await subtle.generateKey(algorithm, true, ["sign", "verify"]);
	mkdirSync(FOLDER, { recursive: true });
	const part = `${path}.${process.pid}`;
	writeFileSync(part, new Uint8Array(await subtle.exportKey("pkcs8", keys.privateKey)), { mode: 0o600 });
	renameSync(part, path);
	return keys;
}
