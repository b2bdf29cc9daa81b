/** Kinds of keys and signatures in a chain: what a real service sends, and what no key has made. */
import { sign } from "node:crypto";
import { Alert } from "../../../hw/moddable/tls/error.ts";
import { createIntermediate, createLeaf } from "./chains.ts";
import { anchor, hex, type Scenario } from "./device.ts";
import {
	type Entity,
	ecdsaSignature,
	forgeForExponent1,
	forgeForExponent3,
	issue,
	N,
	rekeyed,
	resigned,
	signWithShortR,
	type Wanted,
} from "./pki.ts";
import { HOST, type Row, serve } from "./servers.ts";

export async function signatures(root: Entity): Promise<Row[]> {
	const leaf = await createLeaf(root);
	const [r, s] = [3n, 5n];
	const intermediate = await createIntermediate(root);
	const genuine = await createLeaf(intermediate);
	const shortR = await resigned(genuine, (tbs) => signWithShortR(intermediate.key, tbs));
	const wrongHash = await resigned(leaf, (tbs) => sign("sha384", tbs, root.key));
	const flipped = await resigned(leaf, (tbs) => {
		const signature = new Uint8Array(sign("sha256", tbs, root.key));
		signature[signature.length - 1]! ^= 1;
		return signature;
	});
	const forged = await resigned(genuine, (tbs) => sign("sha256", tbs, root.key));
	const sha512 = { hash: "SHA-512" } as const;
	const bad = (signature: Uint8Array) => resigned(leaf, () => signature);
	return Promise.all([
		serve("a genuine link whose r is short", "connected", [shortR, intermediate]),
		serve("a signature with one bit wrong", "tls.untrusted", [flipped]),
		serve("a link of another key", "tls.untrusted", [forged, intermediate], {
			message: /the signature of certificate 0 is wrong/,
		}),
		unknown("a leaf in ECDSA with SHA-512", 0, [await createLeaf(root, sha512)]),
		unknown("a link in ECDSA with SHA-512", 0, [await createLeaf(intermediate, sha512), intermediate]),
		unknown("an intermediate in ECDSA with SHA-512", 1, await below(await createIntermediate(root, sha512))),
		unknown("a leaf in ECDSA with SHA-1", 0, [await createLeaf(root, { hash: "SHA-1" })]),
		serve("a signature over another hash", "tls.untrusted", [wrongHash]),
		serve("s = 0", "tls.untrusted", [await bad(ecdsaSignature(r, 0n))]),
		serve("r = 0", "tls.untrusted", [await bad(ecdsaSignature(0n, s))]),
		serve("r = s = 0", "tls.untrusted", [await bad(ecdsaSignature(0n, 0n))]),
		serve("s = n", "tls.untrusted", [await bad(ecdsaSignature(r, N))]),
		serve("r = n", "tls.untrusted", [await bad(ecdsaSignature(N, s))]),
		serve("an empty signature", "tls.untrusted", [await bad(new Uint8Array(0))]),
	]);
}

/** No forgery, as far as anybody can say: unsupported_certificate, and a code of its own. */
const unknown = (name: string, index: number, chain: readonly Entity[], client?: Partial<Scenario>): Promise<Row> =>
	serve(name, "tls.algorithm", chain, {
		server: { ciphers: "DEFAULT@SECLEVEL=0" }, // else OpenSSL would not serve SHA-1
		client,
		message: new RegExp(`signature of certificate ${index} has an algorithm or a key that is not taken here`),
		alert: Alert.UNSUPPORTED_CERTIFICATE,
	});

const below = async (issuer: Entity): Promise<Entity[]> => [await createLeaf(issuer), issuer];

/** Keys of other kinds than P-256, each with its own root. */
export async function otherKeys(): Promise<Row[]> {
	const p384 = await issue({ name: "P-384 root", type: "P-384", ca: {} });
	const rsa = await issue({ name: "RSA root", type: "RSA-4096", ca: {}, hash: "SHA-384" });
	const cube = await issue({ name: "cube root", type: "RSA-2048, exponent 3", ca: {} });
	const weak = await issue({ name: "weak root", type: "RSA-1024", ca: {} });
	const pss = await issue({ name: "PSS root", type: "RSA-2048, PSS", ca: {} });
	const large = await issue({ name: "P-521 root", type: "P-521", ca: {}, hash: "SHA-512" });
	const edwards = await issue({ name: "Ed25519 root", type: "Ed25519", ca: {} });
	const trust = (entity: Entity) => ({ client: { anchors: anchor(entity) } });
	const under = async (issuer: Entity, name: string, wanted: Partial<Wanted> = {}) =>
		unknown(name, 0, [await createLeaf(issuer, wanted)], trust(issuer).client);
	const rsaLeaf = await createLeaf(cube, { type: "RSA-2048" });
	const forged = await resigned(rsaLeaf, (tbs) => forgeForExponent3(256, tbs));
	const cubed = await createLeaf(cube);
	const tooLong = await resigned(cubed, (tbs) => Buffer.concat([Buffer.of(0), sign("sha256", tbs, cube.key)]));
	const n = BigInt(`0x${Buffer.from(cube.key.export({ format: "jwk" }).n!, "base64url").toString("hex")}`);
	/** Below the root, whose key is another now. */
	const keyed = (name: string, modulus: bigint, exponent: bigint, leaf = cubed) =>
		unknown(name, 0, [leaf], { anchors: [hex(rekeyed(cube, modulus, exponent))] });
	const selfMade = await resigned(cubed, (tbs) => forgeForExponent1(256, tbs));
	return Promise.all([
		serve("the real service's shape", "connected", await serviceShape(rsa), trust(rsa)),
		serve("a P-256 leaf from a P-384 root", "connected", [await createLeaf(p384)], trust(p384)),
		serve("an RSA leaf from a P-384 root", "connected", [await createLeaf(p384, { type: "RSA-2048" })], trust(p384)),
		serve("a P-256 leaf from an RSA root", "connected", [await createLeaf(rsa, { hash: "SHA-512" })], trust(rsa)),
		serve("an RSA exponent of 3", "connected", [rsaLeaf], trust(cube)),
		serve("an RSA signature forged for an exponent of 3", "tls.untrusted", [forged], trust(cube)),
		serve("an RSA signature with a zero before it", "tls.untrusted", [tooLong], trust(cube)),
		serve("an RSA signature with n on top", "tls.untrusted", [await withModulusOnTop(cube, n)], trust(cube)),
		keyed("an RSA exponent of 1", n, 1n, selfMade),
		keyed("an even RSA exponent", n, 65_536n),
		keyed("an RSA exponent of 33 bits", n, 2n ** 32n + 1n),
		keyed("an RSA root of 4,104 bits", 2n ** 4103n + 1n, 65_537n),
		under(weak, "an RSA root of 1024 bits"),
		under(cube, "a leaf in RSA with SHA-1", { hash: "SHA-1" }),
		under(pss, "a leaf in RSA-PSS"),
		under(large, "a leaf from a P-521 root", { hash: "SHA-512" }),
		under(edwards, "a leaf from an Ed25519 root"),
	]);
}

/** A leaf's right signature plus n: the same number modulo n. Not every one leaves the room, so leaves are issued until one does. */
async function withModulusOnTop(issuer: Entity, n: bigint): Promise<Entity> {
	for (;;) {
		const leaf = await createLeaf(issuer);
		let sum = n;
		const entity = await resigned(leaf, (tbs) => {
			sum += BigInt(`0x${sign("sha256", tbs, issuer.key).toString("hex")}`);
			return Buffer.from(sum.toString(16), "hex");
		});
		if (sum < 2n ** 2048n) return entity;
	}
}

/** RSA-2048 leaf signed with SHA-384 by an RSA-4096 intermediate under an RSA root; four certificates sent. */
async function serviceShape(root: Entity): Promise<Entity[]> {
	const kind = { type: "RSA-4096", hash: "SHA-384" } as const;
	const policy = await createIntermediate(root, { ...kind, name: "policy", ca: {} });
	const issuing = await createIntermediate(policy, { ...kind, name: "issuing" });
	const hosts = [`*.${HOST.slice(HOST.indexOf(".") + 1)}`];
	return [await createLeaf(issuing, { type: "RSA-2048", hash: "SHA-384", hosts }), issuing, policy, root];
}
