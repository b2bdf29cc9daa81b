/** The key pair and the verifier against OpenSSL (through node:crypto), and what they must refuse. */
import assert from "node:assert/strict";
import {
	createECDH,
	createPublicKey,
	generateKeyPairSync,
	verify as opensslVerify,
	randomBytes,
	sign,
} from "node:crypto";
import { test } from "node:test";
import { sha256, sha384 } from "#digest";
import { fill } from "#entropy";
import { concat, hex } from "../../src/base/bytes.ts";
import { Fault } from "../../src/fault.ts";
import { curveOf, generateKeyPair, KeyPair } from "../../src/key/pair.ts";
import { type CurveName, verify, verifyRaw } from "../../src/key/verify.ts";
import { bigEndian, derToRaw, rawToDer } from "../support/signature.ts";

const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const N384 = 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n;
const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const ROUNDS = 40;

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
const CURVES = { "P-256": { size: 32, hash: "sha256" }, "P-384": { size: 48, hash: "sha384" } } as const;
const digestOf = (curve: CurveName, message: Uint8Array) => (curve === "P-256" ? sha256(message) : sha384(message));

function opensslPublicKey(curve: CurveName, point: Uint8Array) {
	const { size } = CURVES[curve];
	const x = base64url(point.slice(1, 1 + size));
	return createPublicKey({ key: { kty: "EC", crv: curve, x, y: base64url(point.slice(1 + size)) }, format: "jwk" });
}

function opensslPair(curve: CurveName) {
	const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: curve });
	const { x, y } = publicKey.export({ format: "jwk" });
	const point = concat(Uint8Array.of(4), Buffer.from(x!, "base64url"), Buffer.from(y!, "base64url"));
	return { privateKey, point };
}

for (const [curve, name, n] of [
	["P-256", "prime256v1", N],
	["P-384", "secp384r1", N384],
] as const)
	test(`${curve}: OpenSSL derives the same public key and verifies our signatures, which are all low-S`, () => {
		const { size, hash } = CURVES[curve];
		for (let i = 0; i < ROUNDS; i++) {
			const key = generateKeyPair({ fill }, curve);
			assert.equal(curveOf(key.publicKey), curve);
			const theirs = createECDH(name);
			theirs.setPrivateKey(key.scalar());
			assert.equal(hex(key.publicKey), theirs.getPublicKey("hex"));
			const message = randomBytes(i);
			const signature = key.sign(digestOf(curve, message));
			assert.equal(opensslVerify(hash, message, opensslPublicKey(curve, key.publicKey), signature), true);
			assert.ok(BigInt(`0x${hex(derToRaw(signature, size)).slice(2 * size)}`) <= n / 2n);
		}
	});

for (const curve of ["P-256", "P-384"] as const)
	test(`${curve}: OpenSSL's signatures verify, high-S included, and nothing else does`, () => {
		const { size, hash } = CURVES[curve];
		let high = 0;
		for (let i = 0; i < ROUNDS; i++) {
			const { privateKey, point } = opensslPair(curve);
			const message = randomBytes(100);
			const digest = digestOf(curve, message);
			const signature = new Uint8Array(sign(hash, message, privateKey));
			const raw = derToRaw(signature, size);
			if (raw[size]! >= 0x80) high++;
			assert.equal(verify(curve, point, digest, signature), true);
			assert.equal(verifyRaw(curve, point, digest, raw), true);
			assert.equal(verify(curve, opensslPair(curve).point, digest, signature), false);
			const bit = i % (8 * raw.length);
			const flipped = raw.slice();
			flipped[bit >> 3]! ^= 1 << (bit & 7);
			assert.equal(verifyRaw(curve, point, digest, flipped), false);
			const otherDigest = digest.slice();
			otherDigest[i % size]! ^= 1;
			assert.equal(verify(curve, point, otherDigest, signature), false);
		}
		assert.ok(high > 0, "no high-S signature among OpenSSL's");
	});

test("scalars of 0, n, above n, and of other lengths are refused; the fault does not show them", () => {
	for (const scalar of [
		bigEndian(0n, 32),
		bigEndian(N, 32),
		bigEndian(N + 1n, 32),
		new Uint8Array(32).fill(0xff),
		new Uint8Array(31).fill(1),
		new Uint8Array(33).fill(1),
		bigEndian(0n, 48),
		bigEndian(N384, 48),
		bigEndian(N384 + 1n, 48),
		new Uint8Array(48).fill(0xff),
		new Uint8Array(47).fill(1),
		new Uint8Array(49).fill(1),
		new Uint8Array(0),
	])
		assert.throws(
			() => new KeyPair(scalar),
			(fault: unknown) => fault instanceof Fault && fault.code === "key.invalid" && !fault.message.includes("ffff"),
		);
});

test("scalars 1 and n - 1 are keys, with the same x", () => {
	const one = new KeyPair(bigEndian(1n, 32));
	const last = new KeyPair(bigEndian(N - 1n, 32));
	assert.equal(hex(one.publicKey.slice(0, 33)), hex(last.publicKey.slice(0, 33)));
	assert.notEqual(hex(one.publicKey.slice(33)), hex(last.publicKey.slice(33)));
});

test("a key pair keeps its own copy of the scalar, hands out copies and shows it nowhere", () => {
	const scalar = bigEndian(0x1234_5678_9abc_def0n, 32);
	const key = new KeyPair(scalar);
	scalar.fill(0);
	key.scalar().fill(0);
	assert.equal(key.scalar()[31], 0xf0);
	assert.equal(JSON.stringify(key).includes("scalar"), false);
	assert.deepEqual(Object.keys(key), ["publicKey"]);
});

test("an entropy source that gives nothing but out-of-range scalars is refused, a late good one is used", () => {
	assert.throws(() => generateKeyPair({ fill: (bytes) => void bytes.fill(0xff) }), { code: "key.invalid" });
	let calls = 0;
	const key = generateKeyPair({ fill: (bytes) => void bytes.fill(++calls < 3 ? 0 : 7) });
	assert.deepEqual(key.scalar(), new Uint8Array(32).fill(7));
});

test("a checked key signs the same", () => {
	for (const curve of ["P-256", "P-384"] as const) {
		const scalar = generateKeyPair({ fill }, curve).scalar();
		const digest = digestOf(curve, new Uint8Array(9));
		assert.equal(hex(new KeyPair(scalar, { checked: true }).sign(digest)), hex(new KeyPair(scalar).sign(digest)));
	}
});

test("r or s of zero, n or above, points off the curve, infinity and foreign encodings are false, not errors", () => {
	const key = generateKeyPair({ fill });
	const digest = sha256(new Uint8Array(3));
	const good = key.sign(digest);
	const raw = derToRaw(good, 32);
	const [r, s] = [raw.slice(0, 32), raw.slice(32)];
	const [zero, n] = [bigEndian(0n, 32), bigEndian(N, 32)];
	for (const bad of [
		concat(zero, s),
		concat(r, zero),
		concat(zero, zero),
		concat(n, s),
		concat(r, n),
		raw.slice(1),
		concat(raw, zero),
	]) {
		assert.equal(verifyRaw("P-256", key.publicKey, digest, bad), false);
		if (bad.length === 64) assert.equal(verify("P-256", key.publicKey, digest, rawToDer(bad)), false);
	}
	const offCurve = key.publicKey.slice();
	offCurve[64]! ^= 1;
	const hybrid = key.publicKey.slice();
	hybrid[0] = 6;
	const tooLarge = concat(Uint8Array.of(4), bigEndian(P, 32), key.publicKey.slice(33));
	for (const point of [
		offCurve,
		hybrid,
		tooLarge,
		Uint8Array.of(0),
		new Uint8Array(65),
		key.publicKey.slice(1),
		new Uint8Array(0),
	])
		assert.equal(verify("P-256", point, digest, good), false);
	assert.equal(verify("P-256", key.publicKey, digest, good), true);
	assert.equal(verify("P-384", key.publicKey, digest, good), false);
});

test("a truncated or mutated DER signature never verifies and never throws", () => {
	const key = generateKeyPair({ fill });
	const digest = sha256(Uint8Array.of(1));
	const good = key.sign(digest);
	for (let length = 0; length < good.length; length++)
		assert.equal(verify("P-256", key.publicKey, digest, good.slice(0, length)), false);
	assert.equal(verify("P-256", key.publicKey, digest, concat(good, Uint8Array.of(0))), false);
	for (let bit = 0; bit < 8 * good.length; bit += 3) {
		const mutated = good.slice();
		mutated[bit >> 3]! ^= 1 << (bit & 7);
		assert.equal(verify("P-256", key.publicKey, digest, mutated), false, `bit ${bit} of ${hex(good)}`);
	}
});
