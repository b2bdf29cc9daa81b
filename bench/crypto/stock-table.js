/** noble as it comes, in RAM, with its default table, which no device has room for. */
import { p256 } from "@noble/curves/nist.js";

const OPTIONS = { prehash: false, format: "der", lowS: true };

export const keygen = (scalar) => ({ scalar, publicKey: p256.getPublicKey(scalar, false) });
export const sign = ({ scalar }, digest) => p256.sign(digest, scalar, OPTIONS);
export const verify = ({ publicKey }, digest, signature) => p256.verify(signature, digest, publicKey, OPTIONS);
