/** Chains as roll-overs and careless services send them: whatever OpenSSL finds a path through, in whatever order, is taken. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
	certificatePem,
	certify,
	createEntity,
	der,
	type Entity,
	generateKeys,
	type KeyType,
} from "../../cloud/pki.ts";
import type { FaultCode } from "../../src/fault.ts";
import { acceptCertificates } from "../../src/identity/accept.ts";
import { type Certificate, parseCertificate, readCertificates } from "../../src/x509/certificate.ts";
import { checkIssued } from "../../src/x509/chain.ts";
import { noOpenssl, openssl, temporaryFolder } from "../support/openssl.ts";
import { isFault } from "../support/random.ts";

const DAY = 86_400_000;
const now = Date.now();
const span = { notBefore: now - 10 * DAY, notAfter: now + 10 * DAY };
const past = { notBefore: now - 10 * DAY, notAfter: now - DAY };

const ca = (commonName: string, issuer?: Entity, dates = span, type: KeyType = "P-384") =>
	createEntity(type, { commonName, role: { kind: "root" }, ...dates }, issuer);
/** Another certificate for the key that `entity` has. */
const again = async (entity: Entity, issuer: Entity, dates = span): Promise<Entity> => ({
	...entity,
	certificate: await certify(
		{ commonName: entity.certificate.subjectName.getField("CN")[0]!, role: { kind: "root" }, ...dates },
		entity.certificate.publicKey,
		issuer,
	),
});

const old = await ca("Root");
const renewed = await ca("Root");
const newWithOld = await again(renewed, old);
const oldWithNew = await again(old, renewed);
const policy = await ca("Policy", old);
const device = (issuer: Entity) =>
	createEntity("P-256", { commonName: "dev-001", role: { kind: "client" }, ...span }, issuer);
const underOld = await device(policy);
const underNew = await device(renewed);
const other = await ca("Other");
const crossed = await again(old, other);

interface Row {
	readonly what: string;
	/** The first is the leaf. */
	readonly sent: readonly Entity[];
	/** What OpenSSL starts from. */
	readonly roots: readonly Entity[];
	/** Common names, issuers, that the path must have. */
	readonly names: readonly string[];
}

const ROWS: readonly Row[] = [
	{ what: "the usual", sent: [underOld, policy, old], roots: [old], names: ["dev-001", "Policy", "Root"] },
	{
		what: "a root's new key, signed with the old one, before the old root",
		sent: [underNew, newWithOld, old],
		roots: [old],
		names: ["dev-001", "Root", "Root"],
	},
	{
		what: "a roll-over complete: new, new with old, old with new, old",
		sent: [underNew, renewed, newWithOld, oldWithNew, old],
		roots: [renewed, old],
		names: ["dev-001", "Root", "Root"],
	},
	{
		what: "a CA that has no part in it",
		sent: [underOld, policy, old, other],
		roots: [old],
		names: ["dev-001", "Policy", "Root"],
	},
	{
		what: "a CA that has no part in it, and the root left out",
		sent: [underOld, policy, other],
		roots: [old],
		names: ["dev-001", "Policy"],
	},
	{
		what: "a foreign CA of the same name",
		sent: [underOld, await ca("Policy", other), policy, old],
		roots: [old],
		names: ["dev-001", "Policy", "Root"],
	},
	{
		what: "a root cross-signed by another",
		sent: [underOld, policy, crossed, other],
		roots: [other],
		names: ["dev-001", "Policy", "Root", "Other"],
	},
	{
		what: "an intermediate that has expired, and its renewal",
		sent: [underOld, await again(policy, old, past), policy, old],
		roots: [old],
		names: ["dev-001", "Policy", "Root"],
	},
	{
		what: "a root that has expired, and its renewal with the same key",
		sent: [underOld, policy, await again(old, old, past), old],
		roots: [old],
		names: ["dev-001", "Policy", "Root"],
	},
	{
		what: "cross-signed by a root that has expired",
		sent: [underOld, policy, crossed, old, await ca("Other", undefined, past)],
		roots: [old],
		names: ["dev-001", "Policy", "Root"],
	},
];

for (const { what, sent, roots, names } of ROWS)
	test(`${what}: OpenSSL and we find a path, in any order`, { skip: noOpenssl }, () => {
		const cwd = temporaryFolder({
			leaf: certificatePem(sent[0]!),
			others: certificatePem(...sent.slice(1)),
			roots: certificatePem(...roots),
		});
		openssl(["verify", "-CAfile", "roots", "-untrusted", "others", "leaf"], { cwd });
		const certificates = sent.map(({ certificate }) => parseCertificate(der(certificate)));
		for (const order of orders(certificates.length)) {
			const { chain, unverifiedLinks } = check(order.map((index) => certificates[index]!));
			assert.deepEqual(
				chain.map(({ commonName }) => commonName),
				names,
			);
			assert.equal(unverifiedLinks, 0);
		}
	});

test("no path: a leaf whose issuer is missing, a forged link, a path that has ended", async () => {
	const refuses = (sent: readonly Entity[], code: FaultCode) =>
		assert.throws(() => check(sent.map(({ certificate }) => parseCertificate(der(certificate)))), isFault(code));
	refuses([underOld, old, other], "cert.chain");
	refuses([underOld, await ca("Policy", old), old], "cert.chain");
	refuses([underOld, policy, renewed], "cert.chain");
	refuses([underOld, await again(policy, old, past), old], "cert.expired");
	refuses([await createEntity("P-256", { commonName: "dev-001", role: { kind: "client" }, ...span })], "cert.chain");
});

test("of two certificates with our key the later one is the new one", async () => {
	const { publicKey } = await generateKeys("P-256");
	const issue = (dates: typeof span) =>
		certify({ commonName: "dev-001", role: { kind: "client" }, ...dates }, publicKey, policy);
	const [before, after] = [await issue(past), await issue({ ...span, notBefore: now - DAY })].map((one) =>
		parseCertificate(der(one)),
	);
	const certificates = [before!, after!, ...[policy, old].map(({ certificate }) => parseCertificate(der(certificate)))];
	assert.equal(check(certificates).chain[0], after);
});

/** Signatures that nobody here can judge are no reason to call anybody a forger. */
const UNKNOWN: readonly (readonly [
	what: string,
	key: readonly string[],
	digest: readonly string[],
	unverified: number,
])[] = [
	["a root that signed itself with SHA-1", ["-algorithm", "RSA"], ["-sha1"], 1],
	["an Ed25519 root", ["-algorithm", "ED25519"], [], 1],
	["a P-521 root", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"], ["-sha512"], 1],
	["a P-384 root with ecdsa-with-SHA512", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], ["-sha512"], 1],
	["an RSA root with PSS", ["-algorithm", "RSA"], ["-sha256", "-sigopt", "rsa_padding_mode:pss"], 1],
	["a P-256 root, known", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], ["-sha256"], 0],
];
for (const [what, key, digest, unverified] of UNKNOWN)
	test(`${what}: taken, and said where it is not verified`, { skip: noOpenssl }, () => {
		const cwd = temporaryFolder({ ca: "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n" });
		openssl(["genpkey", ...key, "-out", "r.key"], { cwd });
		openssl(["req", "-x509", "-key", "r.key", ...digest, "-out", "r.pem", "-subj", "/CN=R"], { cwd });
		const ec = ["-newkey", "ec", "-nodes", "-pkeyopt", "ec_paramgen_curve:P-256"];
		openssl(["req", "-new", ...ec, "-keyout", "i.key", "-out", "i.csr", "-subj", "/CN=I"], { cwd });
		openssl(["req", "-new", ...ec, "-keyout", "l.key", "-out", "l.csr", "-subj", "/CN=dev-001"], { cwd });
		const sign = ["x509", "-req", "-CAcreateserial"];
		const above = ["-CA", "r.pem", "-CAkey", "r.key", "-extfile", "ca", ...digest];
		openssl([...sign, "-in", "i.csr", ...above, "-out", "i.pem"], { cwd });
		openssl([...sign, "-in", "l.csr", "-CA", "i.pem", "-CAkey", "i.key", "-out", "l.pem"], { cwd });
		const [leaf, ...others] = ["l.pem", "r.pem", "i.pem"].map(
			(file) => readCertificates(openssl(["x509", "-in", file], { cwd }))[0]!,
		);
		const said: string[] = [];
		const accepted = acceptCertificates([...others, leaf!], { host: "hub", port: 8883 }, "dev-001", {
			key: { pkcs8: new Uint8Array() },
			spki: leaf!.spki,
			registrationId: "dev-001",
			now: Date.now(),
			log: (event, detail) => said.push(`${event} ${JSON.stringify(detail)}`),
		});
		assert.equal(accepted.chain.length, 3);
		assert.deepEqual(said, unverified === 0 ? [] : [`cert.unverified {"links":${unverified}}`]);
	});

function check(certificates: readonly Certificate[]) {
	const { spki } = certificates.find(({ commonName }) => commonName === "dev-001")!;
	return checkIssued(certificates, { spki, commonName: "dev-001", now });
}

/** Every rotation, forwards and back. */
function orders(count: number): number[][] {
	const numbers = Array.from({ length: count }, (_, n) => n);
	return numbers.flatMap((n) => {
		const turned = [...numbers.slice(n), ...numbers.slice(0, n)];
		return [turned, turned.toReversed()];
	});
}
