/** The device's key room. */
import { verify as check, generateKeyPair } from "enrollee/key";

export const keygen = (scalar) => generateKeyPair({ fill: (bytes) => bytes.set(scalar) });
export const sign = (key, digest) => key.sign(digest);
export const verify = (key, digest, signature) => check("P-256", key.publicKey, digest, signature);
