/** Certificate signing requests: checked by OpenSSL, python3-cryptography and @peculiar/x509; what cannot be asked for is refused. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { webcrypto } from "node:crypto";
import { test } from "node:test";
import "reflect-metadata";
import { Pkcs10CertificateRequest } from "@peculiar/x509";
import { sha256 } from "../../hw/node/digest.ts";
import * as entropy from "../../hw/node/entropy.ts";
import { base64, equal, fromHex } from "../../src/base/bytes.ts";
import { generateKeyPair, KeyPair } from "../../src/key/pair.ts";
import { encodeCsr, parseCsr } from "../../src/x509/csr.ts";
import {
	bitString,
	context,
	element,
	octetString,
	oid,
	sequence,
	smallInteger,
	Tag,
	utf8String,
} from "../../src/x509/der.ts";
import { publicKeyInfo } from "../../src/x509/key.ts";
import { encodeName } from "../../src/x509/name.ts";
import { Oid } from "../../src/x509/oid.ts";
import { decodeBase64, decodePem, encodePem } from "../../src/x509/pem.ts";
import { noCryptography, noOpenssl, openssl, temporaryFolder } from "../support/openssl.ts";
import { isFault } from "../support/random.ts";
import { survives } from "../support/survives.ts";

const key = generateKeyPair(entropy);

test("the same key and id give the same bytes, another key or id others", () => {
	// The scalar of RFC 6979 appendix A.2.5.
	const fixed = new KeyPair(fromHex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"));
	const again = new KeyPair(fixed.scalar());
	assert.deepEqual(encodeCsr("dev-001", fixed), encodeCsr("dev-001", again));
	assert.notDeepEqual(encodeCsr("dev-002", fixed), encodeCsr("dev-001", fixed));
	assert.notDeepEqual(encodeCsr("dev-001", key), encodeCsr("dev-001", fixed));
});

test("OpenSSL verifies the request and reads the name, as DER and as PEM", { skip: noOpenssl }, () => {
	for (const [id, curve] of [
		...(["a", "dev-001", "MyDevice.7:x_y-", "x".repeat(64)] as const).map((id) => [id, "P-256"] as const),
		["dev-001", "P-384"],
	] as const) {
		const der = encodeCsr(id, generateKeyPair(entropy, curve));
		for (const [form, input] of [
			["DER", der],
			["PEM", encodePem("CERTIFICATE REQUEST", der)],
			["PEM", encodePem("CERTIFICATE REQUEST", der, "\r\n")],
		] as const) {
			const cwd = temporaryFolder({ csr: input });
			const said = openssl(["req", "-in", "csr", "-inform", form, "-verify", "-noout", "-subject", "-text"], {
				cwd,
			}).toString();
			assert.match(said, new RegExp(`CN = ${id}\n`));
			assert.match(said, new RegExp(`Signature Algorithm: ecdsa-with-SHA${curve.slice(2)}`));
			assert.match(said, new RegExp(`NIST CURVE: ${curve}`));
			// OpenSSL writes the same bytes when it encodes what it has read.
			assert.ok(equal(openssl(["req", "-in", "csr", "-inform", form, "-outform", "DER"], { cwd }), der));
		}
	}
});

test("python3-cryptography verifies the request and finds nothing but the common name", {
	skip: noCryptography,
}, () => {
	const program = `
import sys
from cryptography import x509
csr = x509.load_der_x509_csr(sys.stdin.buffer.read())
assert csr.is_signature_valid
assert len(list(csr.extensions)) == 0
print(csr.subject.rfc4514_string(), csr.signature_hash_algorithm.name, csr.public_key().curve.name)`;
	const said = (csr: Uint8Array): string => execFileSync("python3", ["-c", program], { input: csr, encoding: "utf8" });
	assert.equal(said(encodeCsr("dev-001", key)), "CN=dev-001 sha256 secp256r1\n");
	assert.equal(said(encodeCsr("dev-001", generateKeyPair(entropy, "P-384"))), "CN=dev-001 sha384 secp384r1\n");
});

test("a request of another version is refused, whoever signed it", () => {
	for (const version of [1, 2]) {
		const info = sequence(smallInteger(version), encodeName("d"), publicKeyInfo(key.publicKey), element(context(0)));
		const request = sequence(info, sequence(oid(Oid.ECDSA_SHA256)), bitString(key.sign(sha256(info))));
		assert.throws(() => parseCsr(request), isFault("x509.csr"));
	}
});

test("@peculiar/x509 verifies the request", async () => {
	const request = new Pkcs10CertificateRequest(encodeCsr("dev-001", key) as Uint8Array<ArrayBuffer>);
	assert.equal(request.subject, "CN=dev-001");
	assert.equal(await request.verify(webcrypto as never), true);
});

test("reads its own request back", () => {
	const der = encodeCsr("dev-001", key);
	assert.deepEqual(parseCsr(der), { commonName: "dev-001", spki: publicKeyInfo(key.publicKey) });
	assert.deepEqual(decodePem(encodePem("CERTIFICATE REQUEST", der)), [{ label: "CERTIFICATE REQUEST", der }]);
	assert.deepEqual(decodeBase64(base64(der), "csr"), der);
});

test("reads an operator's request: P-256, P-384, RSA, with other names and wanted extensions", {
	skip: noOpenssl,
}, () => {
	for (const algorithm of [
		["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
		["ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-sha384"],
		["ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-sha256"],
		["rsa:2048"],
	]) {
		const cwd = temporaryFolder();
		const subject = ["-subj", "/C=DE/O=Example/CN=dev-001", "-addext", "subjectAltName=DNS:dev-001"];
		openssl(
			[
				"req",
				"-new",
				"-newkey",
				...algorithm,
				"-nodes",
				"-keyout",
				"key",
				"-outform",
				"DER",
				"-out",
				"csr",
				...subject,
			],
			{ cwd },
		);
		const der = openssl(["req", "-in", "csr", "-inform", "DER", "-outform", "DER"], { cwd });
		const spki = openssl(["pkey", "-in", "key", "-pubout", "-outform", "DER"], { cwd });
		const csr = parseCsr(der);
		assert.equal(csr.commonName, "dev-001");
		assert.ok(equal(csr.spki, spki));
	}
});

test("refuses requests without a single common name", { skip: noOpenssl }, () => {
	for (const [curve, subject] of [
		["P-384", "/O=Example"],
		["P-256", "/CN=dev-001/CN=dev-002"],
	] as const) {
		const cwd = temporaryFolder();
		const ec = ["-newkey", "ec", "-pkeyopt", `ec_paramgen_curve:${curve}`, "-nodes", "-keyout", "key"];
		const der = openssl(["req", "-new", ...ec, "-outform", "DER", "-subj", subject], { cwd });
		assert.throws(() => parseCsr(der), isFault("x509.csr"), `${curve} ${subject}`);
	}
});

test("of a curve that is taken, in a form that is not read: no word of another curve", { skip: noOpenssl }, () => {
	for (const form of [
		["-conv_form", "compressed"],
		["-param_enc", "explicit"],
	]) {
		const cwd = temporaryFolder();
		openssl(["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "named"], { cwd });
		openssl(["ec", "-in", "named", ...form, "-out", "key"], { cwd });
		const der = openssl(["req", "-new", "-key", "key", "-outform", "DER", "-subj", "/CN=dev-001"], { cwd });
		assert.throws(() => parseCsr(der), {
			code: "x509.algorithm",
			message: /the key is not read: .*named curve, uncompressed/,
		});
	}
});

test("refuses a request that another key has signed, or that was changed", () => {
	const other = generateKeyPair(entropy);
	const foreign = { publicKey: key.publicKey, sign: (digest: Uint8Array) => other.sign(digest) };
	assert.throws(() => parseCsr(encodeCsr("dev-001", foreign)), isFault("x509.csr"));
	const changed = encodeCsr("dev-001", key);
	changed[changed.indexOf(0x64)]! = 0x65; // "dev" becomes "eev"
	assert.throws(() => parseCsr(changed), isFault("x509.csr"));
});

test("no changed request is taken for a sound one", () => {
	const sound = encodeCsr("dev-001", key);
	const { refused, read } = survives(parseCsr, sound, 3000);
	assert.ok(refused > 3000 && read < 30, `refused ${refused}, read ${read}`);
});

test("an algorithm that is not known is said to be that, not a forgery", { skip: noOpenssl }, () => {
	for (const [what, ...options] of [
		["ecdsa-with-SHA512", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-sha512"],
		["ecdsa-with-SHA512 on P-384", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-sha512"],
		["ecdsa-with-SHA224", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-sha224"],
		["ecdsa-with-SHA1", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-sha1"],
		["RSA with SHA-1", "rsa:2048", "-sha1"],
		["RSA-PSS", "rsa:2048", "-sha256", "-sigopt", "rsa_padding_mode:pss"],
		["Ed25519", "ed25519"],
		["ECDSA on P-521", "ec", "-pkeyopt", "ec_paramgen_curve:P-521", "-sha512"],
		["ECDSA on secp256k1", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1", "-sha256"],
	]) {
		const cwd = temporaryFolder();
		const key = ["-newkey", ...options, "-nodes", "-keyout", "key"] as string[];
		const request = openssl(["req", "-new", ...key, "-outform", "DER", "-subj", "/CN=dev-001"], { cwd });
		openssl(["req", "-inform", "DER", "-verify", "-noout"], { cwd, input: request });
		assert.throws(() => parseCsr(request), isFault("x509.algorithm"), what);
	}
});

test("attributes are read: sound ones of any kind are taken, malformed ones are not", { skip: noOpenssl }, () => {
	const cwd = temporaryFolder({
		config: `[req]
distinguished_name=dn
attributes=wanted
req_extensions=extensions
[dn]
[wanted]
challengePassword=secret
unstructuredName=some name
[extensions]
keyUsage=critical,digitalSignature
extendedKeyUsage=clientAuth
`,
	});
	const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key"];
	openssl(["req", "-new", ...ec, "-config", "config", "-subj", "/CN=dev-001", "-outform", "DER", "-out", "csr"], {
		cwd,
	});
	assert.equal(
		parseCsr(openssl(["req", "-in", "csr", "-inform", "DER", "-outform", "DER"], { cwd })).commonName,
		"dev-001",
	);

	const request = (...attributes: Uint8Array[]) => {
		const name = sequence(element(Tag.SET, sequence(oid("2.5.4.3"), utf8String("dev-001"))));
		const info = sequence(smallInteger(0), name, publicKeyInfo(key.publicKey), element(context(0), ...attributes));
		return sequence(info, sequence(oid("1.2.840.10045.4.3.2")), bitString(key.sign(sha256(info))));
	};
	const wanted = oid("1.2.840.113549.1.9.14");
	const extension = sequence(oid("2.5.29.15"), octetString(Uint8Array.of(3, 2, 7, 0x80)));
	const set = (...values: Uint8Array[]) => element(Tag.SET, ...values);
	parseCsr(request());
	parseCsr(request(sequence(wanted, set(sequence(extension)))));
	for (const [what, attribute] of [
		["no sequence", smallInteger(1)],
		["no type", sequence(set(smallInteger(1)))],
		["no values", sequence(wanted)],
		["an empty set", sequence(wanted, set())],
		["more than two parts", sequence(wanted, set(sequence(extension)), smallInteger(1))],
		["extensions that are none", sequence(wanted, set(octetString(Uint8Array.of(1))))],
		["an extension without value", sequence(wanted, set(sequence(sequence(oid("2.5.29.15")))))],
	] as const)
		assert.throws(
			() => parseCsr(request(attribute)),
			(thrown) => isFault("x509.der")(thrown) || isFault("x509.csr")(thrown),
			what,
		);
});
