/**
 * ECDSA on P-256 with SHA-256 and on P-384 with SHA-384: noble's, over the curves of `#formulas`, the platform's
 * hashes and the gated randomness. The last module of this room: its end arms the gate.
 */
import { type ECDSA, ecdsa } from "@noble/curves/abstract/weierstrass.js";
import { SIGNS } from "#curves";
import { hmacSha256, hmacSha384, sha256, sha384 } from "#digest";
import { makeCurve } from "#formulas";
import { P256, P384 } from "./curve.ts";
import { arm, randomBytes } from "./gate.ts";

export { flavour } from "#formulas";

/** noble's shape of a hash; messages come hashed, so that only its sizes are used. */
const hash = (digest: (bytes: Uint8Array) => Uint8Array, outputLen: number, blockLen: number) =>
	Object.freeze(
		Object.assign((bytes: Uint8Array) => digest(bytes), {
			outputLen,
			blockLen,
			canXOF: false,
			create: (): never => {
				throw new Error("key: no streaming hash here");
			},
		}),
	);

export const p256: ECDSA = ecdsa(makeCurve(P256, { signs: SIGNS["P-256"] }), hash(sha256, 32, 64), {
	hmac: hmacSha256,
	randomBytes,
});

export const p384: ECDSA = ecdsa(makeCurve(P384, { signs: SIGNS["P-384"] }), hash(sha384, 48, 128), {
	hmac: hmacSha384,
	randomBytes,
});

arm();
