/** `enrollee/key`: the key room as other modules of the image see it. `armed()` is true on a sound device. */
export { ephemeralPoint, sharedSecret } from "../../src/key/ecdh.ts";
export { flavour } from "../../src/key/ecdsa.ts";
export { armed } from "../../src/key/gate.ts";
export { CURVE_BYTES, curveOf, generateKeyPair, KeyPair } from "../../src/key/pair.ts";
export { type CurveName, verify, verifyRaw } from "../../src/key/verify.ts";
