/** Who may issue certificates: what OpenSSL takes for a CA. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Certificate, readCertificates } from "../../src/x509/certificate.ts";
import { checkIssued } from "../../src/x509/chain.ts";
import { noOpenssl, openssl, temporaryFolder } from "../support/openssl.ts";
import { isFault } from "../support/random.ts";

const judge = (certificates: readonly Certificate[]) =>
	checkIssued(certificates, { spki: certificates[0]!.spki, commonName: "dev-001", now: Date.now() });

/** A CA as OpenSSL's command line makes it. */
for (const [what, extensions, taken] of [
	["a root of version 1", undefined, true],
	["a root with no more than keyUsage", "keyUsage=keyCertSign", true],
	["a root that may sign no certificates", "keyUsage=digitalSignature", false],
	["a root that says it is no CA", "basicConstraints=CA:FALSE\nkeyUsage=keyCertSign", false],
] as const)
	test(`${what}: OpenSSL ${taken ? "takes" : "refuses"} what it issued, and so do we`, { skip: noOpenssl }, () => {
		const cwd = temporaryFolder({ extensions: extensions ?? "" });
		const request = ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
		openssl([...request, "-keyout", "r.key", "-out", "r.csr", "-subj", "/CN=Lab"], { cwd });
		openssl([...request, "-keyout", "l.key", "-out", "l.csr", "-subj", "/CN=dev-001"], { cwd });
		const extended = extensions === undefined ? [] : ["-extfile", "extensions"];
		openssl(["x509", "-req", "-in", "r.csr", "-signkey", "r.key", ...extended, "-out", "r.pem"], { cwd });
		const by = ["-CA", "r.pem", "-CAkey", "r.key", "-CAcreateserial"];
		openssl(["x509", "-req", "-in", "l.csr", ...by, "-out", "l.pem"], { cwd });
		const [leaf, root] = ["l.pem", "r.pem"].map(
			(file) => readCertificates(openssl(["x509", "-in", file], { cwd }))[0]!,
		);
		const verify = () => openssl(["verify", "-CAfile", "r.pem", "l.pem"], { cwd });
		if (taken) {
			verify();
			assert.equal(judge([leaf!, root!]).chain.length, 2);
		} else {
			assert.throws(verify);
			assert.throws(() => judge([leaf!, root!]), isFault("cert.chain"));
		}
	});
