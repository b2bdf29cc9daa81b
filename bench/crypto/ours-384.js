/** The device's key room on P-384. */
import { verify as check, generateKeyPair } from "enrollee/key";

export const curve = "P-384";
export const keygen = (scalar) => generateKeyPair({ fill: (bytes) => bytes.set(scalar) }, curve);
export const sign = (key, digest) => key.sign(digest);
export const verify = (key, digest, signature) => check(curve, key.publicKey, digest, signature);
