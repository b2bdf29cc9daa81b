/** As stock.js, on P-384. */
import { p384 } from "@noble/curves/nist.js";

p384.Point.BASE.precompute(1);

const OPTIONS = { prehash: false, format: "der", lowS: true };

export const curve = "P-384";
export const keygen = (scalar) => ({ scalar, publicKey: p384.getPublicKey(scalar, false) });
export const sign = ({ scalar }, digest) => p384.sign(digest, scalar, OPTIONS);
export const verify = ({ publicKey }, digest, signature) => p384.verify(signature, digest, publicKey, OPTIONS);
