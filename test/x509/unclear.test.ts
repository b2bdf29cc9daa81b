/** What a device cannot tell of an issued chain: signatures that it has no code for, and issuers that nothing but a name tells apart. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { acceptCertificates } from "../../src/identity/accept.ts";
import { type Certificate, readCertificates } from "../../src/x509/certificate.ts";
import { checkIssued } from "../../src/x509/chain.ts";
import { noOpenssl, openssl, temporaryFolder } from "../support/openssl.ts";
import { isFault } from "../support/random.ts";

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

test("without key identifiers every CA of the issuer's name is the one meant", { skip: noOpenssl }, () => {
	const cwd = temporaryFolder({ ca: "basicConstraints=critical,CA:TRUE\n", none: "authorityKeyIdentifier=none\n" });
	const ec = ["-newkey", "ec", "-nodes", "-pkeyopt", "ec_paramgen_curve:P-256"];
	const bare = ["-addext", "subjectKeyIdentifier=none"];
	for (const name of ["a", "b"])
		openssl(["req", "-x509", ...ec, ...bare, "-keyout", `${name}.key`, "-out", `${name}.pem`, "-subj", "/CN=R"], {
			cwd,
		});
	openssl(["req", "-new", ...ec, "-keyout", "l.key", "-out", "l.csr", "-subj", "/CN=dev-001"], { cwd });
	const sign = ["x509", "-req", "-in", "l.csr", "-CA", "a.pem", "-CAkey", "a.key", "-CAcreateserial"];
	openssl([...sign, "-extfile", "none", "-out", "l.pem"], { cwd });
	const [leaf, a, b] = ["l.pem", "a.pem", "b.pem"].map(
		(file) => readCertificates(openssl(["x509", "-in", file], { cwd }))[0]!,
	);
	const check = (others: readonly Certificate[]) =>
		checkIssued([leaf!, ...others], { spki: leaf!.spki, commonName: "dev-001", now: Date.now() });
	assert.throws(() => check([b!]), isFault("cert.chain"));
	for (const sent of [[a!], [a!, b!], [b!, a!]]) assert.deepEqual(check(sent).chain, [leaf, a]);
});
