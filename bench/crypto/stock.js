/** noble as it comes, in RAM, without the table that does not fit a device (`precompute(1)`) and without randomness. */
import { p256 } from "@noble/curves/nist.js";

p256.Point.BASE.precompute(1);

const OPTIONS = { prehash: false, format: "der", lowS: true };

export const keygen = (scalar) => ({ scalar, publicKey: p256.getPublicKey(scalar, false) });
export const sign = ({ scalar }, digest) => p256.sign(digest, scalar, OPTIONS);
export const verify = ({ publicKey }, digest, signature) => p256.verify(signature, digest, publicKey, OPTIONS);
