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
import { type Certificate, parseCertificate } from "../../src/x509/certificate.ts";
import { checkIssued } from "../../src/x509/chain.ts";
import { encodePem } from "../../src/x509/pem.ts";
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
const crossedEnded = await again(old, other, past);
const oldEnded = await again(old, old, past);

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
	{
		what: "a cross-certificate that has expired, and the root left out",
		sent: [underOld, policy, crossedEnded],
		roots: [old],
		names: ["dev-001", "Policy"],
	},
	{
		what: "a cross-certificate and its root that have expired both",
		sent: [underOld, policy, crossedEnded, await ca("Other", undefined, past)],
		roots: [old],
		names: ["dev-001", "Policy"],
	},
	{
		what: "a cross-certificate, and the root that it replaces has expired",
		sent: [underOld, policy, crossed, oldEnded],
		roots: [other],
		names: ["dev-001", "Policy", "Root"],
	},
	{
		what: "the root's expired certificate",
		sent: [underOld, policy, oldEnded],
		roots: [old],
		names: ["dev-001", "Policy"],
	},
	{
		what: "the issuer's expired certificate, where the verifier has the renewed one",
		sent: [underOld, await again(policy, old, past), old],
		roots: [old, policy],
		names: ["dev-001"],
	},
	{
		what: "a CA that has no part in it, and the issuer left out",
		sent: [underOld, old, other],
		roots: [old, policy],
		names: ["dev-001"],
	},
	{
		what: "a CA of the issuer's name with another key, and the issuer left out",
		sent: [underOld, await ca("Policy", old), old],
		roots: [old, policy],
		names: ["dev-001"],
	},
	{
		what: "a root of the same name with another key, and the root left out",
		sent: [underOld, policy, renewed],
		roots: [old],
		names: ["dev-001", "Policy"],
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

test("no path: a leaf that has ended, that issued itself, or that the very CA it names denies", {
	skip: noOpenssl,
}, async () => {
	const read = (...sent: readonly Entity[]) => sent.map(({ certificate }) => parseCertificate(der(certificate)));
	const role = { kind: "client" } as const;
	const refuses = (sent: readonly Certificate[], code: FaultCode) => assert.throws(() => check(sent), isFault(code));
	refuses(read(await createEntity("P-256", { commonName: "dev-001", role, ...past }, policy), policy), "cert.expired");
	refuses(read(await createEntity("P-256", { commonName: "dev-001", role, ...span })), "cert.chain");
	// The serial number is changed, so that name and key identifier still say who should have signed it.
	const [forged] = read(underOld);
	const at = Buffer.from(forged!.der).indexOf(Buffer.from(forged!.serial, "hex")) + 4;
	const changed = (one: Certificate) => parseCertificate(one.der.map((byte, n) => (n === at ? byte ^ 1 : byte)));
	const cases = [
		[changed(forged!), ...read(policy, old)],
		[changed(forged!), ...read(policy)],
		[changed(forged!), ...read(await ca("Policy", old), policy)],
		[forged!, changed(read(policy)[0]!), ...read(old)],
		[forged!, changed(read(policy)[0]!), ...read(renewed, old)],
	];
	for (const sent of cases) {
		refuses(sent, "cert.chain");
		refuses([sent[0]!, ...sent.slice(1).toReversed()], "cert.chain");
		const pem = (...all: readonly Certificate[]) => all.map(({ der }) => encodePem("CERTIFICATE", der)).join("");
		const cwd = temporaryFolder({ leaf: pem(sent[0]!), others: pem(...sent.slice(1)), roots: certificatePem(old) });
		assert.throws(() => openssl(["verify", "-CAfile", "roots", "-untrusted", "others", "leaf"], { cwd }));
	}
	// What denies one copy is nothing to another.
	assert.equal(check([forged!, changed(read(policy)[0]!), ...read(policy, old)]).chain.length, 3);
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
