/** Private keys that OpenSSL wrote, in every container; and what is no private key. */
import assert from "node:assert/strict";
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as entropy from "../../hw/node/entropy.ts";
import { concat, equal, fromHex } from "../../src/base/bytes.ts";
import { Fault } from "../../src/fault.ts";
import { generateKeyPair, type KeyPair } from "../../src/key/pair.ts";
import { verify } from "../../src/key/verify.ts";
import {
	bitString,
	context,
	contextPrimitive,
	element,
	octetString,
	oid,
	sequence,
	smallInteger,
	Tag,
} from "../../src/x509/der.ts";
import { isRsaExponent, parsePublicKey, publicKeyInfo, readPrivateKey } from "../../src/x509/key.ts";
import { encodePem } from "../../src/x509/pem.ts";
import { noOpenssl, openssl, temporaryFolder } from "../support/openssl.ts";
import { isFault } from "../support/random.ts";
import { survives } from "../support/survives.ts";

const skip = noOpenssl;
const P256 = oid("1.2.840.10045.3.1.7");

for (const [curve, name] of [
	["P-256", "prime256v1"],
	["P-384", "secp384r1"],
] as const)
	test(`EC ${curve} as SEC1, with and without its parameters, and as PKCS#8`, { skip }, () => {
		const cwd = temporaryFolder();
		openssl(["ecparam", "-name", name, "-genkey", "-out", "sec1.pem"], { cwd }); // EC PARAMETERS come first
		openssl(["ec", "-in", "sec1.pem", "-out", "bare.pem"], { cwd });
		openssl(["ec", "-in", "sec1.pem", "-no_public", "-out", "short.pem"], { cwd });
		openssl(["pkcs8", "-topk8", "-nocrypt", "-in", "sec1.pem", "-out", "pkcs8.pem"], { cwd });
		const spki = openssl(["pkey", "-in", "sec1.pem", "-pubout", "-outform", "DER"], { cwd });
		for (const file of ["sec1.pem", "bare.pem", "short.pem", "pkcs8.pem"]) {
			const key = readPrivateKey(readFileSync(join(cwd, file), "utf8"));
			assert.ok("signer" in key, file);
			assert.ok(equal(publicKeyInfo(key.signer.publicKey), spki), file);
			const digest = createHash(curve === "P-256" ? "sha256" : "sha384")
				.update("x")
				.digest();
			assert.ok(verify(curve, key.signer.publicKey, digest, key.signer.sign(digest)));
		}
	});

test("RSA as PKCS#1 and PKCS#8, and EC P-521: PKCS#8 that OpenSSL takes back", { skip }, () => {
	for (const algorithm of [
		["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
		["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
	]) {
		const cwd = temporaryFolder();
		openssl(["genpkey", ...algorithm, "-out", "pkcs8.pem"], { cwd });
		openssl(["pkey", "-in", "pkcs8.pem", "-traditional", "-out", "old.pem"], { cwd });
		for (const file of ["pkcs8.pem", "old.pem"]) {
			const pem = readFileSync(join(cwd, file), "utf8");
			const key = readPrivateKey(pem);
			assert.ok("pkcs8" in key, file);
			const back = createPrivateKey({ key: Buffer.from(key.pkcs8), format: "der", type: "pkcs8" });
			assert.ok(back.equals(createPrivateKey(pem)), file);
			assert.ok(sign("sha256", Buffer.from("x"), back).length > 0);
		}
	}
});

test("public keys of OpenSSL: the point of P-256 and P-384, modulus and exponent of RSA, nothing of others", {
	skip,
}, () => {
	const spki = (...algorithm: string[]) => {
		const cwd = temporaryFolder();
		openssl(["genpkey", "-algorithm", ...algorithm, "-out", "key"], { cwd });
		return openssl(["pkey", "-in", "key", "-pubout", "-outform", "DER"], { cwd });
	};
	for (const curve of ["P-256", "P-384"] as const) {
		const bytes = spki("EC", "-pkeyopt", `ec_paramgen_curve:${curve}`);
		const key = parsePublicKey(bytes);
		assert.ok(key.type === curve);
		const { x } = createPublicKey({ key: bytes, format: "der", type: "spki" }).export({ format: "jwk" });
		const half = (key.point.length - 1) / 2;
		assert.equal(Buffer.from(key.point.subarray(1, 1 + half)).toString("base64url"), x);
	}
	const rsa = parsePublicKey(spki("RSA", "-pkeyopt", "rsa_keygen_bits:2048"));
	assert.ok(rsa.type === "RSA" && rsa.modulus.length === 256 && equal(rsa.exponent, fromHex("010001")));
	assert.equal(parsePublicKey(spki("EC", "-pkeyopt", "ec_paramgen_curve:P-521")).type, "unknown");
	assert.equal(parsePublicKey(spki("ED25519")).type, "unknown");
	const compressed = sequence(
		sequence(oid("1.2.840.10045.2.1"), P256),
		bitString(concat(Uint8Array.of(2), new Uint8Array(32))),
	);
	assert.equal(parsePublicKey(compressed).type, "unknown");
});

test("encrypted keys are refused as such, in both containers", { skip }, () => {
	const cwd = temporaryFolder();
	openssl(["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "plain.pem"], { cwd });
	openssl(["ec", "-in", "plain.pem", "-aes128", "-passout", "pass:1234", "-out", "old.pem"], { cwd });
	openssl(["pkcs8", "-topk8", "-in", "plain.pem", "-passout", "pass:1234", "-out", "new.pem"], { cwd });
	for (const file of ["old.pem", "new.pem"])
		assert.throws(
			() => readPrivateKey(readFileSync(join(cwd, file), "utf8")),
			(thrown) => isFault("x509.key")(thrown) && /ENCRYPTED|encrypted/.test((thrown as Error).message),
		);
});

test("no key, two keys, another algorithm, another version, a scalar out of range, a public key of somebody else", () => {
	const [key, other] = [generateKeyPair(entropy), generateKeyPair(entropy)];
	const sec1 = (scalar: Uint8Array, point: Uint8Array) =>
		sequence(smallInteger(1), octetString(scalar), element(context(0), P256), element(context(1), bitString(point)));
	const good = sec1(key.scalar(), key.publicKey);
	const pem = (der: Uint8Array, label = "EC PRIVATE KEY") => encodePem(label, der);
	const pkcs8 = (algorithm: Uint8Array, version = 0) => sequence(smallInteger(version), algorithm, octetString(good));
	assert.ok("signer" in readPrivateKey(pem(good)));
	for (const text of [
		"",
		encodePem("CERTIFICATE", good),
		pem(good) + pem(good),
		pem(good, "DSA PRIVATE KEY"),
		pem(good, "RSA PRIVATE KEY"),
		pem(sec1(new Uint8Array(32), key.publicKey)),
		pem(sec1(new Uint8Array(31).fill(1), key.publicKey)),
		pem(sec1(key.scalar(), other.publicKey)),
		pem(sequence(smallInteger(2), octetString(key.scalar()))),
		pem(sequence(smallInteger(1), octetString(key.scalar()))),
		pem(pkcs8(sequence(oid("1.3.101.112"))), "PRIVATE KEY"),
		pem(pkcs8(sequence(oid("1.2.840.10045.2.1"), oid("1.3.132.0.34"))), "PRIVATE KEY"),
		pem(pkcs8(sequence(oid("1.2.840.10045.2.1"), P256), 2), "PRIVATE KEY"),
	])
		assert.throws(() => readPrivateKey(text), isFault("x509.key"), text);
});

test("only a Fault comes out of a damaged key, and none of its bytes with it", () => {
	const key: KeyPair = generateKeyPair(entropy);
	const scalar = Buffer.from(key.scalar());
	const secrets = [scalar.toString("hex"), scalar.toString("base64"), scalar.join(",")];
	const sec1 = sequence(smallInteger(1), octetString(scalar), element(context(0), P256));
	const parse = (der: Uint8Array): unknown => {
		try {
			return readPrivateKey(encodePem("EC PRIVATE KEY", der));
		} catch (thrown) {
			if (!(thrown instanceof Fault)) throw thrown;
			const told = `${thrown.stack} ${String(thrown.cause)}`;
			for (const secret of secrets) assert.ok(!told.includes(secret));
			throw thrown;
		}
	};
	const { refused } = survives(parse, sec1, 500);
	assert.ok(refused > 100);
});

test("scalars as old tools wrote them: short, or with a zero in front; OpenSSL reads the same key", { skip }, () => {
	const scalar = (...head: number[]) => concat(Uint8Array.from(head), new Uint8Array(32 - head.length).fill(0x5a));
	for (const [what, bytes] of [
		["31 bytes", scalar(0, 1).subarray(1)],
		["30 bytes", scalar(0, 0, 1).subarray(2)],
		["1 byte", Uint8Array.of(7)],
		["32 bytes", scalar(1)],
		["33 bytes", concat(Uint8Array.of(0), scalar(0x9a))],
		["34 bytes", concat(Uint8Array.of(0, 0), scalar(0x9a))],
	] as const) {
		const sec1 = sequence(smallInteger(1), octetString(bytes), element(context(0), P256));
		const cwd = temporaryFolder();
		const spki = openssl(["ec", "-inform", "DER", "-pubout", "-outform", "DER"], { cwd, input: sec1 });
		const ec = sequence(oid("1.2.840.10045.2.1"), P256);
		const pkcs8 = sequence(smallInteger(0), ec, octetString(sequence(smallInteger(1), octetString(bytes))));
		for (const pem of [encodePem("EC PRIVATE KEY", sec1), encodePem("PRIVATE KEY", pkcs8)]) {
			const key = readPrivateKey(pem);
			assert.ok("signer" in key && equal(publicKeyInfo(key.signer.publicKey), spki), what);
		}
	}
	for (const bytes of [new Uint8Array(0), new Uint8Array(33), concat(Uint8Array.of(1), scalar(1))]) {
		const sec1 = sequence(smallInteger(1), octetString(bytes), element(context(0), P256));
		assert.throws(() => readPrivateKey(encodePem("EC PRIVATE KEY", sec1)), isFault("x509.key"));
	}
});

test("PKCS#8 with attributes, or with the public key behind (RFC 5958): the key is the same; what is not DER is refused", () => {
	const key = generateKeyPair(entropy);
	const [algorithm, inner] = [
		sequence(oid("1.2.840.10045.2.1"), P256),
		octetString(sequence(smallInteger(1), octetString(key.scalar()))),
	];
	const usage = sequence(oid("2.5.29.15"), element(Tag.SET, bitString(Uint8Array.of(0x10))));
	const attributes = element(context(0), usage);
	const publicKey = element(contextPrimitive(1), concat(Uint8Array.of(0), key.publicKey));
	for (const [version, ...more] of [[0], [0, attributes], [1, publicKey], [1, attributes, publicKey]] as const) {
		const read = readPrivateKey(encodePem("PRIVATE KEY", sequence(smallInteger(version), algorithm, inner, ...more)));
		assert.ok("signer" in read && equal(read.signer.publicKey, key.publicKey));
	}
	const plain = sequence(smallInteger(0), algorithm, inner);
	for (const der of [concat(plain, Uint8Array.of(0)), concat(Uint8Array.of(0x30, 0x81), plain.subarray(1))])
		assert.throws(() => readPrivateKey(encodePem("PRIVATE KEY", der)), isFault("x509.key"));
});

test("RSA exponents: odd, 3 to 32 bits", () => {
	for (const sound of ["03", "010001", "11", "ffffffff"]) assert.ok(isRsaExponent(fromHex(sound)), sound);
	for (const bad of ["", "00", "01", "02", "010000", "0100000001"]) assert.ok(!isRsaExponent(fromHex(bad)), bad);
});
