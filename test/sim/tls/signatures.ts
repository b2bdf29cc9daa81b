/** Kinds of keys and signatures in a chain: what a real service sends, and what no key has made. */
import { sign } from "node:crypto";
import { createIntermediate, createLeaf } from "./chains.ts";
import { anchor } from "./device.ts";
import { type Entity, ecdsaSignature, forgeForExponent3, issue, N, resigned, signWithShortR } from "./pki.ts";
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
	const unknown = (index: number) => ({
		message: new RegExp(`signature of certificate ${index} .* not known here: use `),
	});
	const bad = (signature: Uint8Array) => resigned(leaf, () => signature);
	return Promise.all([
		serve("a genuine link whose r is short", "connected", [shortR, intermediate]),
		serve("a signature with one bit wrong", "tls.untrusted", [flipped]),
		serve("a link of another key", "tls.untrusted", [forged, intermediate], {
			message: /the signature of certificate 0 is wrong/,
		}),
		serve("a leaf in ECDSA with SHA-512", "tls.untrusted", [await createLeaf(root, sha512)], unknown(0)),
		serve(
			"a link in ECDSA with SHA-512",
			"tls.untrusted",
			[await createLeaf(intermediate, sha512), intermediate],
			unknown(0),
		),
		serve(
			"an intermediate in ECDSA with SHA-512",
			"tls.untrusted",
			await below(await createIntermediate(root, sha512)),
			unknown(1),
		),
		serve("a signature over another hash", "tls.untrusted", [wrongHash]),
		serve("s = 0", "tls.untrusted", [await bad(ecdsaSignature(r, 0n))]),
		serve("r = 0", "tls.untrusted", [await bad(ecdsaSignature(0n, s))]),
		serve("r = s = 0", "tls.untrusted", [await bad(ecdsaSignature(0n, 0n))]),
		serve("s = n", "tls.untrusted", [await bad(ecdsaSignature(r, N))]),
		serve("r = n", "tls.untrusted", [await bad(ecdsaSignature(N, s))]),
		serve("an empty signature", "tls.untrusted", [await bad(new Uint8Array(0))]),
	]);
}

const below = async (issuer: Entity): Promise<Entity[]> => [await createLeaf(issuer), issuer];

/** Keys of other kinds than P-256, each with its own root. */
export async function otherKeys(): Promise<Row[]> {
	const p384 = await issue({ name: "P-384 root", type: "P-384", ca: {} });
	const rsa = await issue({ name: "RSA root", type: "RSA-4096", ca: {}, hash: "SHA-384" });
	const cube = await issue({ name: "cube root", type: "RSA-2048, exponent 3", ca: {} });
	const weak = await issue({ name: "weak root", type: "RSA-1024", ca: {} });
	const trust = (entity: Entity, message?: RegExp) => ({
		client: { anchors: anchor(entity) },
		...(message && { message }),
	});
	const rsaLeaf = await createLeaf(cube, { type: "RSA-2048" });
	const forged = await resigned(rsaLeaf, (tbs) => forgeForExponent3(256, tbs));
	return Promise.all([
		serve("the real service's shape", "connected", await serviceShape(rsa), trust(rsa)),
		serve("a P-256 leaf from a P-384 root", "connected", [await createLeaf(p384)], trust(p384)),
		serve("an RSA leaf from a P-384 root", "connected", [await createLeaf(p384, { type: "RSA-2048" })], trust(p384)),
		serve("a P-256 leaf from an RSA root", "connected", [await createLeaf(rsa, { hash: "SHA-512" })], trust(rsa)),
		serve("an RSA exponent of 3", "connected", [rsaLeaf], trust(cube)),
		serve("an RSA signature forged for an exponent of 3", "tls.untrusted", [forged], trust(cube)),
		serve("an RSA root of 1024 bits", "tls.untrusted", [await createLeaf(weak)], trust(weak, /not known here/)),
	]);
}

/** RSA-2048 leaf signed with SHA-384 by an RSA-4096 intermediate under an RSA root; four certificates sent. */
async function serviceShape(root: Entity): Promise<Entity[]> {
	const kind = { type: "RSA-4096", hash: "SHA-384" } as const;
	const policy = await createIntermediate(root, { ...kind, name: "policy", ca: {} });
	const issuing = await createIntermediate(policy, { ...kind, name: "issuing" });
	const hosts = [`*.${HOST.slice(HOST.indexOf(".") + 1)}`];
	return [await createLeaf(issuing, { type: "RSA-2048", hash: "SHA-384", hosts }), issuing, policy, root];
}
