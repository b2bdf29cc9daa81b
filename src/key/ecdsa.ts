/**
 * ECDSA on P-256 with SHA-256 and on P-384 with SHA-384: noble's, over the curves of `#formulas`, the platform's
 * hashes and the gated randomness. The last module of this room: its end arms the gate.
 */
import { type ECDSA, ecdsa } from "@noble/curves/abstract/weierstrass.js";
import { SIGNS } from "#curves";
import { hmacSha256, hmacSha384, sha256, sha384 } from "#digest";
import { makeCurve } from "#formulas";
import type { CurveName } from "../port.ts";
import { type CurveOperations, P256, P384 } from "./curve.ts";
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

const P256_OPERATIONS = makeCurve(P256, { signs: SIGNS["P-256"] });
const P384_OPERATIONS = makeCurve(P384, { signs: SIGNS["P-384"] });

export const p256: ECDSA = ecdsa(P256_OPERATIONS.Point, hash(sha256, 32, 64), { hmac: hmacSha256, randomBytes });
export const p384: ECDSA = ecdsa(P384_OPERATIONS.Point, hash(sha384, 48, 128), { hmac: hmacSha384, randomBytes });

/** For ECDH. */
export const OPERATIONS: Readonly<Record<CurveName, CurveOperations>> = Object.freeze({
	"P-256": P256_OPERATIONS,
	"P-384": P384_OPERATIONS,
});

arm();
