/** ServerKeyExchange: what is signed, by whom, with which algorithm; and the point in it. */
import { createECDH, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { Alert } from "../../../hw/moddable/tls/error.ts";
import { createLeaf } from "./chains.ts";
import { serveAs, uint, vector } from "./crafted.ts";
import { type Entity, ecdsaSignature, KeyUsageFlags, N, signWithShortR } from "./pki.ts";
import type { Row } from "./servers.ts";

const OTHER_GROUP = /group that was not offered/;
/** Of P-256: the prime, and the points (5, y) and (x, 5), where p fits on top. */
const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const Y_OF_5 = 0x459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbccn;
const X_OF_5 = 0xd7325d7646cd60d80a92738ceb345f844cffaf35841022cab176f692de8de1d7n;

export async function exchange(root: Entity): Promise<Row[]> {
	const leaf = await createLeaf(root);
	const serve = serveAs([leaf]);
	const scheme = (name: string, scheme: number, result = "tls.protocol") =>
		serve(name, result, { signature: (signed, key) => ({ scheme, signature: sign("sha256", signed, key) }) });
	const garbage = (name: string, signature: Uint8Array) =>
		serve(name, "tls.untrusted", { signature: () => ({ scheme: 0x0403, signature }) });
	const parameters = (name: string, change: (point: Buffer) => Buffer, message = /point is not on the curve/) =>
		serve(name, "tls.protocol", { parameters: change }, message);
	const named = (group: number, point: Buffer) => Buffer.concat([uint(3, 1), uint(group, 2), vector(1, point)]);
	const { privateKey: stolen } = generateKeyPairSync("ec", { namedCurve: "P-256" });
	const at = (x: bigint, y: bigint) => Buffer.from(`04${hex32(x)}${hex32(y)}`, "hex");
	const offCurve = (point: Buffer) => Buffer.from(point.with(64, point[64]! ^ 1));
	const agreement = await createLeaf(root, { usages: KeyUsageFlags.keyAgreement });
	const p384 = await createLeaf(root, { type: "P-384" });
	const weak = await createLeaf(root, { type: "RSA-1024" });
	const sha384 = (signed: Buffer, key: KeyObject) => sign("sha384", signed, key);
	return Promise.all([
		serve("a genuine signature whose r is short", "connected", {
			signature: (signed, key) => ({ scheme: 0x0403, signature: signWithShortR(key, signed) }),
		}),
		serveAs([p384])("a P-384 key with SHA-384", "connected", {
			signature: (signed, key) => ({ scheme: 0x0503, signature: sha384(signed, key) }),
		}),
		scheme("algorithm ids 0, 0", 0x0000),
		scheme("hash id 0", 0x0003),
		scheme("signature id 0", 0x0400),
		scheme("an unknown hash", 0x0903),
		scheme("an unknown signature", 0x0409),
		scheme("MD5", 0x0103),
		scheme("SHA-1", 0x0203),
		scheme("SHA-512 with ECDSA, not offered", 0x0603),
		scheme("RSA, though the key is EC", 0x0401, "tls.untrusted"),
		scheme("SHA-384 named, SHA-256 used", 0x0503, "tls.untrusted"),
		garbage("a random signature", Buffer.alloc(70, 0x5a)),
		garbage("no signature", Buffer.alloc(0)),
		garbage("s = 0", ecdsaSignature(3n, 0n)),
		garbage("r = 0", ecdsaSignature(0n, 3n)),
		garbage("s = n", ecdsaSignature(3n, N)),
		garbage("r = n + 1", ecdsaSignature(N + 1n, 3n)),
		serve("a signature by another key", "tls.untrusted", {
			signature: (signed) => ({ scheme: 0x0403, signature: sign("sha256", signed, stolen) }),
		}),
		serve("a signature over another connection's randoms", "tls.untrusted", {
			signature: (signed, key) => ({ scheme: 0x0403, signature: sign("sha256", signed.fill(7, 0, 32), key) }),
		}),
		parameters("a group that was not offered", () => named(24, createECDH("secp384r1").generateKeys()), OTHER_GROUP),
		parameters(
			"explicit parameters",
			(point) => Buffer.concat([uint(1, 1), uint(23, 2), vector(1, point)]),
			OTHER_GROUP,
		),
		parameters("a point off the curve", (point) => named(23, offCurve(point))),
		parameters("the point (0, 0)", () => named(23, Buffer.concat([uint(4, 1), Buffer.alloc(64)]))),
		parameters("coordinates over p", () => named(23, Buffer.concat([uint(4, 1), Buffer.alloc(64, 0xff)]))),
		parameters("a point of the curve, but for p in x", () => named(23, at(5n + P, Y_OF_5))),
		parameters("a point of the curve, but for p in y", () => named(23, at(X_OF_5, 5n + P))),
		parameters("a compressed point", (point) => named(23, Buffer.concat([uint(2, 1), point.subarray(1)]))),
		parameters("a point too short", (point) => named(23, point.subarray(0, 64)), OTHER_GROUP),
		serveAs([agreement])("a key that may not sign", "tls.untrusted", { alert: Alert.UNSUPPORTED_CERTIFICATE }),
		serveAs([weak])("an RSA key of 1024 bits", "tls.algorithm", { alert: Alert.UNSUPPORTED_CERTIFICATE }),
		serve("bytes after the signature", "tls.protocol", {
			flight: ([a, b, c, d]) => [a!, b!, { ...c!, body: Buffer.concat([c!.body, Buffer.of(0)]) }, d!],
		}),
	]);
}

const hex32 = (value: bigint): string => value.toString(16).padStart(64, "0");
