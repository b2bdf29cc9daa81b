/** Chains and names: which certificates a device trusts, and for which host. */
import { context, contextPrimitive, element, oid, sequence, Tag } from "../../../src/x509/der.ts";
import { anchor } from "./device.ts";
import { type Entity, Extension, issue, KeyUsageFlags, type Wanted } from "./pki.ts";
import { HOST, type Row, serve } from "./servers.ts";

const { digitalSignature, keyCertSign, cRLSign } = KeyUsageFlags;
const SERVER_AUTHENTICATION = "1.3.6.1.5.5.7.3.1";
const CLIENT_AUTHENTICATION = "1.3.6.1.5.5.7.3.2";
const EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4";
const CODE_SIGNING = "1.3.6.1.5.5.7.3.3";
const ANY_USAGE = "2.5.29.37.0";
const NAME_CONSTRAINTS = "2.5.29.30";
const POLICIES = "2.5.29.32";

export const createRoot = (): Promise<Entity> => issue({ name: "root", ca: {}, usages: keyCertSign | cRLSign });

export const createIntermediate = (issuer: Entity, wanted: Partial<Wanted> = {}): Promise<Entity> =>
	issue({ name: "intermediate", issuer, ca: { pathLength: 0 }, usages: keyCertSign, ...wanted });

export const createLeaf = (issuer: Entity, wanted: Partial<Wanted> = {}): Promise<Entity> =>
	issue({ name: "leaf", issuer, hosts: [HOST], usages: digitalSignature, ...wanted });

export async function chains(root: Entity): Promise<Row[]> {
	const intermediate = await createIntermediate(root);
	const leaf = await createLeaf(intermediate, { extendedUsages: [SERVER_AUTHENTICATION] });
	const stranger = await issue({ name: "stranger", ca: {} });
	const impostor = await issue({ name: "root", ca: {} });
	const selfSigned = await issue({ name: "leaf", hosts: [HOST] });
	const pinned = await issue({ name: "leaf", hosts: [HOST], extendedUsages: [CLIENT_AUTHENTICATION] });
	const issuingLeaf = await createLeaf(intermediate, { name: "other", usages: digitalSignature | keyCertSign });
	const second = await createIntermediate(intermediate, { name: "second" });
	const unsigning = await createIntermediate(root, { usages: digitalSignature });
	const noNames = new Extension(NAME_CONSTRAINTS, true, Uint8Array.of(0x30, 0));
	const constrained = await createIntermediate(root, { extensions: [noNames] });
	const constrainedSoftly = await createIntermediate(root, {
		extensions: [new Extension(NAME_CONSTRAINTS, false, permitted("example.org"))],
	});
	const forUsage = (usage: string) => createIntermediate(root, { extendedUsages: [usage] });
	const [mail, code] = [await forUsage(EMAIL_PROTECTION), await forUsage(CODE_SIGNING)];
	const [servers, anything] = [await forUsage(SERVER_AUTHENTICATION), await forUsage(ANY_USAGE)];
	const highMail = await createIntermediate(root, { extendedUsages: [EMAIL_PROTECTION], ca: {}, name: "mail" });
	const belowMail = await createIntermediate(highMail);
	const mailRoot = await issue({ name: "mail root", ca: {}, extendedUsages: [EMAIL_PROTECTION] });
	const policies = (qualifier: string) =>
		createIntermediate(root, { extensions: [new Extension(POLICIES, true, anyPolicy(qualifier))] });
	const [cps, strange] = [await policies("1.3.6.1.5.5.7.2.1"), await policies("1.3.6.1.5.5.7.2.9")];
	const past = { from: -9, to: -1 };
	const future = { from: 1, to: 9 };
	const [old, young] = [await createIntermediate(root, past), await createIntermediate(root, future)];
	const oldRoot = await issue({ name: "old root", ca: {}, ...past });
	const again = (wanted: Partial<Wanted>) => issue({ name: "old root", ca: {}, ...wanted, keys: oldRoot.keys });
	const [renewed, early, crossed] = [await again({}), await again(future), await again({ issuer: root })];
	const noCa = await issue({ name: "old root", keys: oldRoot.keys });
	const silent = await issue({ name: "silent root", isSilent: true, usages: keyCertSign });
	const namesake = await issue({ name: "old root", ca: {}, ...past });
	const renamed = await issue({ name: "another name", ca: {}, keys: root.keys });
	const underOld = await createIntermediate(oldRoot);
	const rolled = [await createLeaf(underOld), underOld];
	const anchored = (...anchors: Entity[]) => ({ client: { anchors: anchor(...anchors) } });
	return Promise.all([
		serve("leaf and intermediate", "connected", [leaf, intermediate]),
		serve("the root is sent too", "connected", [leaf, intermediate, root]),
		serve("something follows the last link", "connected", [leaf, intermediate, stranger]),
		serve("a single certificate from the root", "connected", [await createLeaf(root)]),
		serve("a pinned self-signed leaf", "connected", [selfSigned], { client: { anchors: anchor(selfSigned) } }),
		serve("a pinned self-signed leaf for clients", "tls.untrusted", [pinned], { client: { anchors: anchor(pinned) } }),
		serve("five certificates", "connected", await tower(root, 4)),
		serve("six certificates", "tls.untrusted", await tower(root, 5), { message: /more than 5/ }),
		serve("the intermediate is left out", "tls.untrusted", [leaf]),
		serve("the wrong order", "tls.untrusted", [leaf, root, intermediate]),
		serve("an unknown root", "tls.untrusted", [await createLeaf(stranger), stranger]),
		serve("an unknown root of the same name", "tls.untrusted", [await createLeaf(impostor), impostor]),
		serve("only the built-in anchors", "tls.untrusted", [leaf, intermediate], { client: { anchors: [] } }),
		serve("a self-signed leaf", "tls.untrusted", [selfSigned]),
		serve("a self-signed leaf before a genuine intermediate", "tls.untrusted", [selfSigned, intermediate]),
		serve("a self-signed leaf before a genuine chain", "tls.untrusted", [selfSigned, leaf, intermediate]),
		serve("a leaf used as issuer", "tls.untrusted", [await createLeaf(issuingLeaf), issuingLeaf, intermediate], {
			message: /certificate 1 is not a CA/,
		}),
		serve("an issuer that may not sign certificates", "tls.untrusted", [await createLeaf(unsigning), unsigning], {
			message: /not a CA/,
		}),
		serve("a CA too many", "tls.untrusted", [await createLeaf(second), second, intermediate], { message: /allows 0/ }),
		serve("name constraints, which nobody here reads", "tls.untrusted", [await createLeaf(constrained), constrained], {
			message: /critical/,
		}),
		serve("name constraints that are not critical", "tls.untrusted", [
			await createLeaf(constrainedSoftly),
			constrainedSoftly,
		]),
		serve("a CA for e-mail", "tls.untrusted", [await createLeaf(mail), mail], { message: /certificate 1 is not for/ }),
		serve("a CA for code", "tls.untrusted", [await createLeaf(code), code], { message: /certificate 1 is not for/ }),
		serve("a CA of servers", "connected", [await createLeaf(servers), servers]),
		serve("a CA of anything", "connected", [await createLeaf(anything), anything]),
		serve("a CA for e-mail two above", "tls.untrusted", [await createLeaf(belowMail), belowMail, highMail], {
			message: /certificate 2 is not for/,
		}),
		serve("an anchor for e-mail", "connected", [await createLeaf(mailRoot)], { client: { anchors: anchor(mailRoot) } }),
		serve("critical policies with a known qualifier", "connected", [await createLeaf(cps), cps]),
		serve("critical policies with an unknown qualifier", "tls.untrusted", [await createLeaf(strange), strange], {
			message: /critical/,
		}),
		serve("a leaf for clients", "tls.untrusted", [await createLeaf(root, { extendedUsages: [CLIENT_AUTHENTICATION] })]),
		serve("an expired leaf", "tls.expired", [await createLeaf(root, past)]),
		serve("a leaf of tomorrow", "tls.expired", [await createLeaf(root, future)]),
		serve("an expired intermediate", "tls.expired", [await createLeaf(old), old]),
		serve("an intermediate of tomorrow", "tls.expired", [await createLeaf(young), young]),
		serve("an expired anchor", "tls.expired", [await createLeaf(oldRoot)], { client: { anchors: anchor(oldRoot) } }),
		serve("a root that has expired, then its renewal", "connected", rolled, anchored(oldRoot, renewed)),
		serve("a root's renewal, then the one that has expired", "connected", rolled, anchored(renewed, oldRoot)),
		serve("a root of tomorrow before the one of today", "connected", rolled, anchored(early, renewed)),
		serve("no CA before the root of the same key", "connected", rolled, anchored(noCa, renewed)),
		serve("another key under the root's name first", "connected", rolled, anchored(namesake, oldRoot, renewed)),
		serve("the expired root is sent, too", "connected", [...rolled, oldRoot], anchored(oldRoot, renewed)),
		serve("an expired anchor, cross-signed by another", "connected", [...rolled, crossed], anchored(oldRoot, root)),
		serve("no anchor that fits is of today", "tls.expired", rolled, {
			...anchored(noCa, oldRoot, early),
			message: /expired/,
		}),
		serve("a leaf of tomorrow, and a clock known to be behind", "connected", [await createLeaf(root, future)], {
			client: { notBefore: 0.5 },
		}),
		serve("an anchor of tomorrow, and a clock known to be behind", "connected", rolled, {
			client: { notBefore: 0.5, anchors: anchor(early) },
		}),
		serve("a leaf that ends before what is known of the time", "tls.expired", [await createLeaf(root)], {
			client: { notBefore: 20, anchors: anchor(root) },
		}),
		serve("a leaf of tomorrow, and nothing known to be wrong", "tls.expired", [await createLeaf(root, future)], {
			client: { notBefore: -5 },
		}),
		serve("the root's key under another name", "tls.untrusted", [leaf, intermediate], anchored(renamed)),
		serve(
			"an anchor that may sign certificates, and does not say that it is a CA",
			"tls.untrusted",
			[await createLeaf(silent)],
			{
				...anchored(silent),
				message: /not a CA/,
			},
		),
		serve("no anchor that fits is a CA", "tls.untrusted", rolled, { ...anchored(noCa), message: /not a CA/ }),
	]);
}

export async function names(root: Entity): Promise<Row[]> {
	const wildcard = await createLeaf(root, { hosts: ["*.example.net"] });
	const wide = await createLeaf(root, { hosts: ["*.net", "*", "hub.*.net", "h*.example.net"] });
	const addressed = await createLeaf(root, { hosts: ["127.0.0.1"] });
	const digits = await createLeaf(root, { dnsNames: ["127.0.0.1"] });
	const upper = await createLeaf(root, { hosts: ["HUB.Example.NET"] });
	const unnamed = await createLeaf(root, { name: HOST, hosts: undefined });
	return Promise.all([
		serve("another name", "tls.name", [await createLeaf(root, { hosts: ["other.example.net", `${HOST}.evil`] })]),
		serve("a name that stands only in the common name", "tls.name", [unnamed]),
		serve("upper case", "connected", [upper]),
		serve("a wildcard", "connected", [wildcard]),
		serve("a wildcard for two labels", "tls.name", [wildcard], { client: { host: "a.hub.example.net" } }),
		serve("a wildcard for its own parent", "tls.name", [wildcard], { client: { host: "example.net" } }),
		serve("wildcards too wide", "tls.name", [wide]),
		serve("a wildcard for a whole top-level domain", "tls.name", [wide], { client: { host: "example.net" } }),
		serve("an address", "connected", [addressed], { client: { host: "127.0.0.1" } }),
		serve("another address", "tls.name", [addressed], { client: { host: "127.0.0.2" } }),
		serve("an address written as a name", "tls.name", [digits], { client: { host: "127.0.0.1" } }),
	]);
}

/** A leaf below `height` intermediates, without the root. */
async function tower(root: Entity, height: number): Promise<Entity[]> {
	const chain: Entity[] = [];
	for (let i = 0; i < height; i++)
		chain.unshift(await createIntermediate(chain[0] ?? root, { name: `storey ${i}`, ca: {} }));
	return [await createLeaf(chain[0]!), ...chain];
}

/** NameConstraints (RFC 5280 section 4.2.1.10) that allow this domain only. */
const permitted = (domain: string): Uint8Array =>
	sequence(element(context(0), sequence(element(contextPrimitive(2), Buffer.from(domain)))));

/** CertificatePolicies: anyPolicy with one qualifier, which is a text. */
const anyPolicy = (qualifier: string): Uint8Array =>
	sequence(sequence(oid("2.5.29.32.0"), sequence(sequence(oid(qualifier), element(Tag.IA5_STRING, Buffer.from("x"))))));
