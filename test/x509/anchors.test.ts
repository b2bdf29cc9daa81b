/** The built-in trust anchors: the files are what their README says, and what Debian ships. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parseCertificate } from "../../src/x509/certificate.ts";

const folder = new URL("../../hw/moddable/tls/anchors/", import.meta.url);
const debian = "/usr/share/ca-certificates/mozilla/";
const readme = readFileSync(new URL("README.md", folder), "utf8");

for (const [file, source] of [
	["DigiCert_Global_Root_G2.der", "DigiCert_Global_Root_G2.crt"],
	["Microsoft_RSA_Root_2017.der", "Microsoft_RSA_Root_Certificate_Authority_2017.crt"],
] as const) {
	const der = readFileSync(new URL(file, folder));

	test(`${file} has the fingerprint that the README gives`, () => {
		const row = readme.split("\n").find((line) => line.startsWith(`| \`${file}\``));
		const fingerprint = new X509Certificate(der).fingerprint256.replaceAll(":", "");
		assert.ok(row?.includes(fingerprint), `${file}: ${fingerprint}`);
	});

	test(`${file} is a root CA that our own reader understands`, () => {
		const { isCa, keyCertSign, subject, issuer, publicKey, unknownCritical } = parseCertificate(new Uint8Array(der));
		assert.deepEqual({ isCa, keyCertSign, unknownCritical }, { isCa: true, keyCertSign: true, unknownCritical: [] });
		assert.deepEqual(subject, issuer);
		assert.equal(publicKey.type, "RSA");
	});

	const skip = existsSync(debian + source) ? false : "SKIPPED: no ca-certificates";
	test(`${file} is Debian's`, { skip }, () => {
		assert.deepEqual(new X509Certificate(readFileSync(debian + source)).raw, der);
	});
}
