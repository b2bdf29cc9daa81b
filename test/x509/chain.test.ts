/** Issued chains: any order, every way in which one can be wrong, and what is only reported. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createEntity, der, type Entity, type KeyType, type Role } from "../../cloud/pki.ts";
import type { FaultCode } from "../../src/fault.ts";
import { type Certificate, parseCertificate, readCertificates } from "../../src/x509/certificate.ts";
import { checkIssued, type Issued, verifyLink } from "../../src/x509/chain.ts";
import { bitString, oid, sequence } from "../../src/x509/der.ts";
import { noOpenssl, openssl, temporaryFolder } from "../support/openssl.ts";
import { isFault } from "../support/random.ts";
import { bigEndian, derToRaw, rawToDer } from "../support/signature.ts";

const DAY = 86_400_000;
const now = Date.UTC(2026, 5, 1);
const span = { notBefore: now - DAY, notAfter: now + DAY };
// n of FIPS 186-5 / SP 800-186 section 3.2.1.
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const P384_ORDER = 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n;
const ORDERS = [
	[0, 1, 2],
	[0, 2, 1],
	[1, 0, 2],
	[1, 2, 0],
	[2, 0, 1],
	[2, 1, 0],
] as const;

const make = (
	type: KeyType,
	commonName: string,
	kind: "root" | "intermediate" | "client",
	issuer?: Entity,
	dates = span,
) => createEntity(type, { commonName, role: { kind } as Role, ...dates }, issuer);
const read = (...entities: readonly Entity[]): Certificate[] =>
	entities.map(({ certificate }) => parseCertificate(der(certificate)));
const check = (chain: readonly Certificate[], more: Partial<Parameters<typeof checkIssued>[1]> = {}) =>
	findings(checkIssued(chain, { spki: chain[0]!.spki, commonName: "dev-001", now, ...more }));
const findings = ({ unverifiedLinks, notYetValid }: Issued) => ({ unverifiedLinks, notYetValid });
const chainOf = (received: readonly Certificate[], spki = received[0]!.spki, more = {}) =>
	checkIssued(received, { spki, commonName: "dev-001", now, ...more }).chain;
const namesOf = (chain: readonly Certificate[]) => chain.map(({ commonName }) => commonName);
const refuses = (code: FaultCode, act: () => unknown, message = /./) =>
	assert.throws(act, (thrown) => isFault(code)(thrown) && message.test((thrown as Error).message));

const root = await make("P-384", "Root", "root");
const policy = await make("P-384", "Policy", "intermediate", root);
const leaf = await make("P-256", "dev-001", "client", policy);
const issued = read(leaf, policy, root);

for (const type of ["P-384", "P-256"] as const) {
	test(`a ${type} chain, in any order, with copies`, async () => {
		const above = await make(type, "Root", "root");
		const between = await make(type, "Policy", "intermediate", above);
		const chain = read(await make("P-256", "dev-001", "client", between), between, above);
		assert.equal(chain[0]!.signatureAlgorithm, type === "P-384" ? "ecdsa-sha384" : "ecdsa-sha256");
		for (const order of ORDERS) {
			const received = [...order.map((index) => chain[index]!), ...read(between)];
			const found = checkIssued(received, { spki: chain[0]!.spki, commonName: "dev-001", now });
			assert.deepEqual(
				found.chain.map(({ serial }) => serial),
				chain.map(({ serial }) => serial),
			);
			assert.deepEqual(findings(found), { unverifiedLinks: 0, notYetValid: false });
		}
	});
}

test("without the root, and the leaf alone", () => {
	for (const part of [issued.slice(0, 2), issued.slice(0, 1)]) {
		assert.deepEqual(chainOf(part), part);
		assert.deepEqual(check(part), { unverifiedLinks: 0, notYetValid: false });
	}
});

test("a missing link: the leaf alone, which the hub may well know how to verify", () => {
	assert.deepEqual(chainOf([issued[0]!, issued[2]!]), [issued[0]]);
	refuses("cert.chain", () => verifyLink(issued[0]!, issued[2]!), /names differ/);
});

test("nothing, too much, and no certificate for our key", async () => {
	refuses("cert.missing", () => checkIssued([], { spki: issued[0]!.spki, commonName: "dev-001", now }));
	refuses("cert.chain", () => check(Array.from({ length: 9 }, () => issued[0]!)), /limit is 8/);
	const [other] = read(await make("P-256", "dev-001", "client", policy));
	refuses("cert.key-mismatch", () => check(issued, { spki: other!.spki }));
});

test("another device's name, none, or a longer one: cert.name-mismatch; case does not matter to DPS", async () => {
	refuses(
		"cert.name-mismatch",
		() => check(issued, { commonName: "dev-002" }),
		/expected CN=dev-002, got CN="dev-001"/,
	);
	refuses("cert.name-mismatch", () => check(issued, { commonName: "dev-00" }));
	refuses("cert.name-mismatch", () => check([{ ...issued[0]!, commonName: undefined }]));
	check(issued, { commonName: "DEV-001" });
});

test("a leaf that has ended: cert.expired; one that ends now has not; a CA that has ended is left out", async () => {
	refuses("cert.expired", () => check(issued, { now: span.notAfter + 1 }), /CN="dev-001" ended 2026-06-02/);
	check(issued, { now: span.notAfter });
	const old = await make("P-384", "Old", "intermediate", root, { ...span, notAfter: now - 1000 });
	const chain = read(await make("P-256", "dev-001", "client", old), old, root);
	assert.deepEqual(namesOf(chainOf(chain)), ["dev-001"]);
});

test("a clock before notBefore is reported and refuses nothing", () => {
	assert.deepEqual(check(issued, { now: span.notBefore - 1 }), { unverifiedLinks: 0, notYetValid: true });
	assert.deepEqual(check(issued, { now: 0 }), { unverifiedLinks: 0, notYetValid: true });
	assert.deepEqual(check(issued, { now: span.notBefore }), { unverifiedLinks: 0, notYetValid: false });
});

test("RSA links are counted, not verified; an EC link below an RSA root still is", async () => {
	const rsaRoot = await make("RSA", "RSA root", "root");
	const rsaPolicy = await make("RSA", "RSA policy", "intermediate", rsaRoot);
	const allRsa = read(await make("P-256", "dev-001", "client", rsaPolicy), rsaPolicy, rsaRoot);
	assert.deepEqual(check(allRsa.toReversed(), { spki: allRsa[0]!.spki }), { unverifiedLinks: 2, notYetValid: false });
	assert.equal(verifyLink(allRsa[0]!, allRsa[1]!), "unverified");
	const ecPolicy = await make("P-384", "EC policy", "intermediate", rsaRoot);
	const mixed = read(await make("P-256", "dev-001", "client", ecPolicy), ecPolicy, rsaRoot);
	assert.deepEqual(check(mixed), { unverifiedLinks: 1, notYetValid: false });
	assert.equal(verifyLink(mixed[0]!, mixed[1]!), "verified");
	refuses("cert.chain", () => check([damage(mixed[0]!), ...mixed.slice(1)]), /signature/);
});

test("a signature of the wrong kind for the issuer's key is wrong, not unverified", async () => {
	const rsa = await make("RSA", "Policy", "intermediate", root);
	refuses("cert.chain", () => verifyLink(issued[0]!, read(rsa)[0]!), /ecdsa-sha384.*RSA/);
	const [rsaSigned] = read(await make("P-256", "dev-001", "client", rsa));
	refuses("cert.chain", () => verifyLink(rsaSigned!, issued[1]!), /rsa-sha256.*P-384/);
	const asRsa = { ...issued[0]!, signatureAlgorithm: "rsa-sha384" } as const;
	refuses("cert.chain", () => verifyLink(asRsa, issued[1]!), /rsa-sha384.*P-384/);
	// P-521 signs with SHA-384 as well: that nobody here can tell.
	assert.equal(verifyLink(issued[0]!, { ...issued[1]!, publicKey: { type: "unknown" } }), "unverified");
});

test("low-S and high-S signatures verify alike; a changed one never does", async () => {
	const orders = { "P-256": P256_ORDER, "P-384": P384_ORDER } as const;
	for (const type of ["P-256", "P-384"] as const) {
		const above = await make(type, "Root", "root");
		const [certificate, issuer] = read(await make("P-256", "dev-001", "client", above), above);
		for (const high of [false, true]) {
			const form = withS(certificate!, orders[type], high);
			assert.equal(verifyLink(form, issuer!), "verified", `${type} high=${high}`);
			refuses("cert.chain", () => verifyLink(damage(form), issuer!), /signature/);
		}
	}
});

test("a foreign CA of the same name, and a changed certificate", async () => {
	const imposter = await make("P-384", "Policy", "intermediate", root);
	const received = [...read(leaf), ...read(imposter), ...read(root)];
	assert.deepEqual(namesOf(chainOf(received)), ["dev-001"]);
	// Beside the genuine one it does no harm: a CA that has changed its key looks like this.
	const both = chainOf([...read(imposter), ...issued], issued[0]!.spki);
	assert.deepEqual(
		both.map(({ serial }) => serial),
		issued.map(({ serial }) => serial),
	);
	check(both);
	refuses(
		"cert.chain",
		() => check([issued[0]!, damage(issued[1]!), issued[2]!]),
		/CN="Policy", issued by CN="Root".*signature/,
	);
	// What a root says of itself proves nothing: whoever sends another root can sign that, too.
	assert.deepEqual(namesOf(chainOf([issued[0]!, issued[1]!, damage(issued[2]!)])), ["dev-001", "Policy", "Root"]);
});

test("an issuer that may not issue", async () => {
	const device = await make("P-256", "dev-000", "client", policy);
	const below = read(await make("P-256", "dev-001", "client", device), device, policy, root);
	refuses("cert.chain", () => check(below), /not a CA/);
	refuses("cert.chain", () => verifyLink(issued[0]!, { ...issued[1]!, keyCertSign: false }), /not a CA/);
	const silent = { ...issued[1]!, isCa: false };
	delete (silent as { keyCertSign?: boolean }).keyCertSign;
	refuses("cert.chain", () => verifyLink(issued[0]!, silent), /not a CA/);
	const tooDeep = await make("P-384", "Deeper", "intermediate", policy);
	const deep = read(await make("P-256", "dev-001", "client", tooDeep), tooDeep, policy, root);
	refuses("cert.chain", () => check(deep), /CN="Policy" allows 0 intermediates, got 1/);
	const selfIssued = read(await make("P-256", "dev-001", "client"));
	refuses("cert.chain", () => check(selfIssued), /not a CA/);
});

test("two CAs that name each other end the search", async () => {
	const [a, b] = issued.slice(1) as [Certificate, Certificate];
	const knotted = [issued[0]!, a, { ...b, issuer: a.subject }];
	assert.equal(chainOf(knotted).length, 3);
	// Where nothing can be verified, they only cost time.
	const blind = knotted.map((one) => ({ ...one, signatureAlgorithm: "unknown" as const }));
	assert.equal(chainOf(blind).length, 3);
	const crowd = Array.from({ length: 7 }, (_, n) => ({
		...a,
		issuer: a.subject,
		spki: Uint8Array.of(n),
		publicKey: { type: "unknown" as const },
	}));
	let links = 0;
	const counted = crowd.map((one) =>
		Object.defineProperty({ ...one }, "publicKey", {
			get() {
				links++;
				return one.publicKey;
			},
		}),
	);
	assert.ok(chainOf([issued[0]!, ...counted]).length > 1);
	assert.ok(links > 7 && links <= 48, `${links} links were tried`);
});

test("a chain that OpenSSL issued: every curve with every digest", { skip: noOpenssl }, () => {
	for (const curve of ["P-256", "P-384"])
		for (const digest of ["-sha256", "-sha384"]) {
			const cwd = temporaryFolder({ ca: "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n" });
			const ec = ["-newkey", "ec", "-nodes", "-pkeyopt", `ec_paramgen_curve:${curve}`];
			openssl(["req", "-x509", ...ec, digest, "-keyout", "r.key", "-out", "r.pem", "-subj", "/CN=R"], { cwd });
			openssl(["req", "-new", ...ec, "-keyout", "i.key", "-out", "i.csr", "-subj", "/CN=I"], { cwd });
			openssl(["req", "-new", ...ec, "-keyout", "l.key", "-out", "l.csr", "-subj", "/CN=dev-001"], { cwd });
			const sign = ["x509", "-req", digest, "-CAcreateserial"];
			openssl([...sign, "-in", "i.csr", "-CA", "r.pem", "-CAkey", "r.key", "-extfile", "ca", "-out", "i.pem"], { cwd });
			openssl([...sign, "-in", "l.csr", "-CA", "i.pem", "-CAkey", "i.key", "-out", "l.pem"], { cwd });
			const chain = ["r.pem", "l.pem", "i.pem"].flatMap((file) =>
				readCertificates(openssl(["x509", "-in", file], { cwd })),
			);
			const found = checkIssued(chain, { spki: chain[1]!.spki, commonName: "dev-001", now: Date.now() });
			assert.deepEqual(namesOf(found.chain), ["dev-001", "I", "R"]);
			assert.deepEqual(findings(found), { unverifiedLinks: 0, notYetValid: false });
		}
});

/** The same signature with s in the upper or lower half: both are right. */
function withS(certificate: Certificate, order: bigint, high: boolean): Certificate {
	const size = order === P256_ORDER ? 32 : 48;
	const raw = derToRaw(certificate.signature, size);
	const s = BigInt(`0x${Buffer.from(raw.subarray(size)).toString("hex")}`);
	const wanted = s > order / 2n === high ? s : order - s;
	raw.set(bigEndian(wanted, size), size);
	return resign(certificate, rawToDer(raw));
}

function damage(certificate: Certificate): Certificate {
	const tbs = certificate.tbs.slice();
	tbs[14]! ^= 1; // in the serial number
	return { ...certificate, tbs };
}

function resign(certificate: Certificate, signature: Uint8Array): Certificate {
	const algorithm = certificate.signatureAlgorithm === "ecdsa-sha256" ? "1.2.840.10045.4.3.2" : "1.2.840.10045.4.3.3";
	return parseCertificate(sequence(certificate.tbs, sequence(oid(algorithm)), bitString(signature)));
}
