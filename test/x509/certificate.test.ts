/** Reading certificates that OpenSSL and @peculiar/x509 made, and the system's trust anchors; what is refused, by name. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { certificatePem, createEntity, der } from "../../cloud/pki.ts";
import { base64, concat, equal, hex, utf8 } from "../../src/base/bytes.ts";
import { parseCertificate, readCertificates } from "../../src/x509/certificate.ts";
import { element, octetString, oid, sequence, Tag } from "../../src/x509/der.ts";
import { matchesHost } from "../../src/x509/host.ts";
import { encodeName } from "../../src/x509/name.ts";
import { encodePem } from "../../src/x509/pem.ts";
import { noOpenssl, openssl, temporaryFolder } from "../support/openssl.ts";
import { isFault } from "../support/random.ts";
import { survives } from "../support/survives.ts";
import { assemble } from "./assemble.ts";

const span = { notBefore: Date.UTC(2026, 0, 2, 3, 4, 5), notAfter: Date.UTC(2060, 5, 7, 8, 9, 10) };
const root = await createEntity("P-384", { commonName: "Root", role: { kind: "root" }, ...span });
const hosts = ["example.com", "*.example.org", "192.0.2.7", "2001:db8::1"];
const server = await createEntity("P-256", { commonName: "server", role: { kind: "server", hosts }, ...span }, root);
const issuing = await createEntity("RSA", { commonName: "Issuing", role: { kind: "intermediate" }, ...span }, root);

test("reads a server certificate of @peculiar/x509", () => {
	const certificate = parseCertificate(der(server.certificate));
	const node = new X509Certificate(server.certificate.toString("pem"));
	assert.equal(certificate.commonName, "server");
	assert.equal(certificate.serial, node.serialNumber.toLowerCase());
	assert.deepEqual([certificate.notBefore, certificate.notAfter], [span.notBefore, span.notAfter]);
	assert.equal(certificate.signatureAlgorithm, "ecdsa-sha384");
	assert.ok(equal(certificate.spki, node.publicKey.export({ type: "spki", format: "der" })));
	assert.equal(certificate.publicKey.type, "P-256");
	for (const host of ["example.com", "a.example.org", "192.0.2.7", "EXAMPLE.com."])
		assert.ok(matchesHost(certificate, host), host);
	for (const host of ["b.example.com", "example.org", "192.0.2.8", "server"])
		assert.ok(!matchesHost(certificate, host), host);
	assert.deepEqual([certificate.isCa, certificate.keyCertSign, certificate.digitalSignature], [false, false, true]);
	assert.deepEqual(certificate.extendedKeyUsage, ["1.3.6.1.5.5.7.3.1"]);
	assert.deepEqual(certificate.unknownCritical, []);
	assert.ok(equal(certificate.issuer, parseCertificate(der(root.certificate)).subject));
});

test("reads CA certificates of @peculiar/x509", () => {
	const [above, below] = [root, issuing].map((entity) => parseCertificate(der(entity.certificate)));
	assert.deepEqual([above!.isCa, above!.keyCertSign, above!.pathLength], [true, true, undefined]);
	assert.deepEqual([below!.isCa, below!.keyCertSign, below!.pathLength], [true, true, 0]);
	assert.equal(above!.publicKey.type, "P-384");
	assert.ok(below!.publicKey.type === "RSA" && below!.publicKey.modulus.length === 256);
	assert.deepEqual(below!.publicKey.type === "RSA" && hex(below!.publicKey.exponent), "010001");
});

test("path lengths that no chain reaches are no limit: 10,000, the largest integer of C, more", {
	skip: noOpenssl,
}, () => {
	for (const [limit, expected] of [
		["0", 0],
		["255", 255],
		["256", undefined],
		["10000", undefined],
		["65536", undefined],
		["2147483647", undefined],
		["9223372036854775808", undefined],
	] as const) {
		const cwd = temporaryFolder({
			ca: `[req]\ndistinguished_name=d\n[d]\n[x]\nbasicConstraints=critical,CA:TRUE,pathlen:${limit}`,
		});
		const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key", "-subj", "/CN=R"];
		const pem = openssl(["req", "-x509", ...ec, "-config", "ca", "-extensions", "x"], { cwd });
		const [certificate] = readCertificates(pem);
		assert.deepEqual([certificate!.isCa, certificate!.pathLength], [true, expected], limit);
	}
});

test("reads every form a service may use: DER, base64, PEM, several PEM", () => {
	const one = der(server.certificate);
	const two = der(root.certificate);
	const pem = encodePem("CERTIFICATE", one, "\r\n");
	for (const form of [
		one,
		base64(one),
		utf8(base64(one)),
		` ${base64(one)}\n`,
		pem,
		utf8(pem),
		pem.replaceAll("\r\n", "\n"),
		pem.replaceAll("\r\n", "\r"),
		pem.replaceAll("\r\n", " \n\n"),
		pem.replaceAll("\r\n", ""),
		`\ufeffBag Attributes\n  localKeyID: B9 FD\n# ---\n${pem}`,
	])
		assert.deepEqual(
			readCertificates(form).map((certificate) => certificate.der),
			[one],
		);
	const several = `0 s:CN=server\n${certificatePem(server, root)}${encodePem("PRIVATE KEY", utf8("passed over"))}`;
	for (const form of [several, utf8(several)])
		assert.deepEqual(
			readCertificates(form).map((certificate) => certificate.der),
			[one, two],
		);
});

test("refuses what holds no certificate", () => {
	for (const input of [
		"",
		"hello",
		new Uint8Array(),
		Uint8Array.of(0xff, 0xfe),
		"MII=",
		certificatePem(root).slice(0, -20),
		`${certificatePem(root)}-----BEGIN CERTIFICATE-----\n`,
		encodePem("PRIVATE KEY", utf8("x")),
	])
		assert.throws(() => readCertificates(input), isFault("x509.certificate", "x509.pem", "x509.der"));
	assert.throws(() => readCertificates(concat(der(root.certificate), der(root.certificate))), isFault("x509.der"));
});

test("reads certificates of OpenSSL, whatever the key, the dates and the strings", { skip: noOpenssl }, () => {
	const make = (key: readonly string[], subject: string, ...more: string[]) => {
		const request = ["req", "-x509", "-newkey", ...key, "-nodes", "-keyout", "key", "-utf8", "-outform", "DER"];
		return parseCertificate(openssl([...request, "-subj", subject, ...more], { cwd: temporaryFolder() }));
	};
	const ec = (curve: string) => ["ec", "-pkeyopt", `ec_paramgen_curve:${curve}`];
	const p256 = make(ec("P-256"), "/C=DE/O=Example/CN=gerät", "-days", "20000");
	assert.equal(p256.commonName, "gerät");
	assert.equal(p256.publicKey.type, "P-256");
	assert.equal(p256.signatureAlgorithm, "ecdsa-sha256");
	assert.equal(p256.isCa, true);
	assert.equal(p256.keyCertSign, undefined);
	assert.ok(p256.notAfter > Date.UTC(2075, 0)); // GeneralizedTime
	assert.equal(make(ec("P-384"), "/CN=x", "-sha384").signatureAlgorithm, "ecdsa-sha384");
	assert.equal(make(ec("P-521"), "/CN=x").publicKey.type, "unknown");
	assert.equal(make(["rsa:2048"], "/CN=x", "-sha512").signatureAlgorithm, "rsa-sha512");
	assert.equal(make(["ed25519"], "/CN=x").signatureAlgorithm, "unknown");
	assert.equal(make(ec("P-256"), "/O=none").commonName, undefined);
	assert.equal(make(ec("P-256"), "/CN=a/CN=b").commonName, undefined);
	const constrained = make(ec("P-256"), "/CN=x", "-addext", "nameConstraints=critical,permitted;DNS:example.com");
	assert.deepEqual(constrained.unknownCritical, ["2.5.29.30"]);
	assert.equal(make(ec("P-256"), "/CN=x", "-set_serial", "0x00ff01").serial, "ff01");
});

test("reads version 1, and refuses version 2", { skip: noOpenssl }, () => {
	const cwd = temporaryFolder({ none: "" });
	openssl(["req", "-new", "-newkey", "ed25519", "-nodes", "-keyout", "key", "-subj", "/CN=old", "-out", "csr"], {
		cwd,
	});
	const v1 = openssl(["x509", "-req", "-in", "csr", "-signkey", "key", "-outform", "DER"], { cwd });
	const certificate = parseCertificate(v1);
	assert.deepEqual([certificate.commonName, certificate.isCa], ["old", undefined]);
	assert.throws(() => parseCertificate(assemble({ version: 1 })), isFault("x509.certificate"));
});

test("reads what it is handed in parts, and refuses contradictions", () => {
	assert.equal(parseCertificate(assemble({})).commonName, "part");
	const keyUsage = sequence(oid("2.5.29.15"), octetString(element(Tag.BIT_STRING, Uint8Array.of(2, 0x04))));
	assert.equal(parseCertificate(assemble({ extensions: [keyUsage] })).keyCertSign, true);
	assert.throws(() => parseCertificate(assemble({ extensions: [keyUsage, keyUsage] })), isFault("x509.certificate"));
	assert.throws(() => parseCertificate(assemble({ outer: "1.2.840.10045.4.3.3" })), isFault("x509.certificate"));
	assert.throws(() => parseCertificate(assemble({ notAfter: "250101000000Z" })), isFault("x509.certificate"));
	const badAddress = sequence(oid("2.5.29.17"), octetString(sequence(element(0x87, new Uint8Array(5)))));
	const misnamed = parseCertificate(assemble({ extensions: [badAddress] }));
	assert.throws(() => matchesHost(misnamed, "example.com"), isFault("x509.certificate"));
});

test("thousands of names are read one by one; too many extensions or usages are refused", () => {
	const name = (text: string): Uint8Array => element(0x82, utf8(text));
	const san = (...names: Uint8Array[]): Uint8Array => sequence(oid("2.5.29.17"), octetString(sequence(...names)));
	const many = parseCertificate(
		assemble({
			extensions: [san(...Array.from({ length: 3000 }, (_, i) => name(`h${i}.example`)), name("last.example"))],
		}),
	);
	assert.ok(
		matchesHost(many, "last.example") && matchesHost(many, "h1234.example") && !matchesHost(many, "none.example"),
	);
	const extension = (i: number): Uint8Array => sequence(oid(`1.2.3.${i}`), octetString(new Uint8Array(1)));
	const extensions = (count: number) => Array.from({ length: count }, (_, i) => extension(i));
	parseCertificate(assemble({ extensions: extensions(32) }));
	assert.throws(() => parseCertificate(assemble({ extensions: extensions(33) })), isFault("x509.certificate"));
	const usages = (count: number): Uint8Array =>
		sequence(oid("2.5.29.37"), octetString(sequence(...Array.from({ length: count }, (_, i) => oid(`1.2.3.${i}`)))));
	const kept = ["1.2.3.0", "1.2.3.1", "1.2.3.2", "1.2.3.3"];
	assert.deepEqual(parseCertificate(assemble({ extensions: [usages(16)] })).extendedKeyUsage, kept);
	const last = sequence(...[...kept, "1.2.3.4", "1.3.6.1.5.5.7.3.1"].map((id) => oid(id)));
	const forServers = sequence(oid("2.5.29.37"), octetString(last));
	assert.deepEqual(parseCertificate(assemble({ extensions: [forServers] })).extendedKeyUsage, [
		...kept,
		"1.3.6.1.5.5.7.3.1",
	]);
	assert.throws(() => parseCertificate(assemble({ extensions: [usages(17)] })), isFault("x509.certificate"));
	const critical = (i: number): Uint8Array =>
		sequence(oid(`1.2.3.${i}`), element(Tag.BOOLEAN, Uint8Array.of(0xff)), octetString(new Uint8Array(1)));
	const strange = parseCertificate(assemble({ extensions: Array.from({ length: 32 }, (_, i) => critical(i)) }));
	assert.deepEqual(strange.unknownCritical, kept);
});

test("a name over 512 bytes and a serial number over 64 are refused", () => {
	const named = (bytes: number) => assemble({ subject: encodeName("n".repeat(bytes)) });
	assert.equal(parseCertificate(named(480)).commonName?.length, 480);
	assert.throws(() => parseCertificate(named(500)), isFault("x509.certificate"));
	assert.throws(() => parseCertificate(assemble({ issuer: encodeName("n".repeat(500)) })), isFault("x509.certificate"));
	const numbered = (bytes: number) => assemble({ serial: element(Tag.INTEGER, new Uint8Array(bytes).fill(1)) });
	assert.equal(parseCertificate(numbered(64)).serial.length, 128);
	assert.throws(() => parseCertificate(numbered(65)), isFault("x509.certificate"));
});

test("all of the system's trust anchors", {
	skip: existsSync("/etc/ssl/certs") ? false : "SKIPPED: no /etc/ssl/certs",
}, () => {
	let read = 0;
	for (const file of readdirSync("/etc/ssl/certs").filter((name) => name.endsWith(".pem"))) {
		const pem = readFileSync(join("/etc/ssl/certs", file), "utf8");
		const node = new X509Certificate(pem);
		const [certificate] = readCertificates(pem);
		assert.ok(certificate?.isCa, file);
		assert.equal(BigInt(`0x${certificate.serial}`), BigInt(`0x${node.serialNumber}`), file);
		assert.equal(certificate.notAfter, Date.parse(node.validTo), file);
		assert.ok(certificate.publicKey.type !== "unknown", file);
		read++;
	}
	for (const name of ["DigiCert_Global_Root_G2.pem", "Microsoft_RSA_Root_Certificate_Authority_2017.pem"]) {
		const path = join("/etc/ssl/certs", name);
		if (existsSync(path)) assert.equal(readCertificates(readFileSync(path))[0]?.publicKey.type, "RSA");
	}
	assert.ok(read > 0);
});

test("only a Fault comes out of damaged certificates", () => {
	for (const entity of [server, root, issuing]) {
		const { refused, read } = survives(parseCertificate, der(entity.certificate), 4000);
		assert.ok(refused > 1000 && read > 100, `refused ${refused}, read ${read}`);
	}
	survives(readCertificates, utf8(certificatePem(server, root)), 3000);
});
