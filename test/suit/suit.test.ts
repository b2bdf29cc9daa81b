/** The SUIT profile against the draft's own examples and key, against OpenSSL, and against every flip and cut. */
import assert from "node:assert/strict";
import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { encodeEnvelope, encodeManifest, manifestDigest } from "../../hw/node/bundle/envelope.ts";
import { readPublicKey, sign } from "../../hw/node/bundle/key.ts";
import { fill } from "../../hw/node/entropy.ts";
import { equal, fromHex, hex } from "../../src/base/bytes.ts";
import { Fault } from "../../src/fault.ts";
import { generateKeyPair } from "../../src/key/pair.ts";
import { type Cbor, decode, encode, Tagged } from "../../src/suit/cbor.ts";
import { readSign1, toBeSigned } from "../../src/suit/cose.ts";
import {
	MAX_ENVELOPE_BYTES,
	type Manifest,
	openEnvelope,
	readEnvelope,
	readManifest,
} from "../../src/suit/manifest.ts";
import { classUuid, defaultVendor, NAMESPACE_DNS, nameUuid } from "../../src/suit/uuid.ts";
import { isFault, random } from "../support/random.ts";

const folder = new URL("vectors/", import.meta.url);
const example = (n: number): Uint8Array =>
	fromHex(readFileSync(new URL(`example${n}.hex`, folder), "latin1").replace(/\s/g, ""));
const published = readPublicKey(new URL("public.pem", folder).pathname);
const key = generateKeyPair({ fill });
const other = generateKeyPair({ fill });
const MANIFEST: Manifest = {
	sequence: 42,
	component: [fromHex("6677")],
	vendor: defaultVendor(),
	class: classUuid(defaultVendor(), "esp32/devkit/4m"),
	digest: new Uint8Array(32).fill(7),
	size: 1_234_567,
	uri: "https://updates.example.com/agent-1.4.2.bin",
};

function pack(manifest: Manifest, signer = key): Uint8Array {
	const encoded = encodeManifest(manifest);
	return encodeEnvelope(encoded, sign(signer, toBeSigned(manifestDigest(encoded))));
}

test("the draft's Example 1 verifies with the draft's published key", () => {
	const envelope = example(1);
	assert.equal(envelope.length, 272);
	const { manifest, signer } = openEnvelope(envelope, [published]);
	assert.equal(signer, 0);
	assert.deepEqual(
		{ ...manifest, vendor: hex(manifest.vendor), class: hex(manifest.class), digest: hex(manifest.digest) },
		{
			sequence: 1,
			component: [fromHex("00")],
			vendor: "fa6b4a53d5ad5fdfbe9de663e4d41ffe",
			class: "1492af1425695e48bf429b2d51f2ab45",
			digest: "00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210",
			size: 34768,
			uri: "http://example.com/file.bin",
		},
	);
});

test("our encoder gives the bytes of the draft's Example 1", () => {
	const { manifest, sign1 } = readEnvelope(example(1));
	const again = encodeManifest(readManifest(manifest));
	assert.equal(hex(again), hex(manifest));
	assert.equal(hex(encodeEnvelope(again, readSign1(sign1))), hex(example(1)));
});

test("the draft's other examples verify but are outside the profile, and the refusal says why", () => {
	const why = { 0: /invoke/, 2: /envelope: 20 \(install\)/, 3: /try-each/, 4: /load/, 5: /invoke/ };
	for (const n of [0, 2, 3, 4, 5] as const)
		assert.throws(
			() => openEnvelope(example(n), [published]),
			(thrown) => thrown instanceof Fault && thrown.code === "ota.format" && why[n].test(thrown.message),
			`example ${n}`,
		);
});

test("UUIDs are those of RFC 9562 and of the draft", () => {
	const dns = Uint8Array.from(NAMESPACE_DNS);
	assert.equal(hex(nameUuid(dns, "www.example.com")), "2ed6657de927568b95e12665a8aea6a2");
	assert.equal(hex(nameUuid(dns, "arm.com")), "fa6b4a53d5ad5fdfbe9de663e4d41ffe");
	for (let length = 40; length < 140; length++)
		assert.equal(hex(nameUuid(dns, "x".repeat(length))), uuidOfNode("x".repeat(length)));
});

test("an envelope of ours verifies with OpenSSL and with either of two release keys", () => {
	const envelope = pack(MANIFEST);
	const { digest, sign1 } = readEnvelope(envelope);
	const jwk = {
		kty: "EC",
		crv: "P-256",
		x: base64url(key.publicKey.subarray(1, 33)),
		y: base64url(key.publicKey.subarray(33)),
	};
	const openssl = { key: createPublicKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" as const };
	assert.ok(verify("sha256", toBeSigned(digest), openssl, readSign1(sign1)));
	assert.equal(openEnvelope(envelope, [key.publicKey, other.publicKey]).signer, 0);
	assert.equal(openEnvelope(envelope, [other.publicKey, key.publicKey]).signer, 1);
	assert.deepEqual(openEnvelope(envelope, [key.publicKey]).manifest, MANIFEST);
});

test("packing twice gives the same bytes", () => {
	assert.deepEqual(pack(MANIFEST), pack({ ...MANIFEST }));
});

test("every single-bit flip is refused", (t) => {
	const envelope = pack(MANIFEST);
	for (let bit = 0; bit < envelope.length * 8; bit++) {
		const flipped = envelope.slice();
		flipped[bit >> 3]! ^= 1 << (bit & 7);
		assert.throws(() => openEnvelope(flipped, [key.publicKey]), isFault("ota.format", "ota.signature"), `bit ${bit}`);
	}
	t.diagnostic(`${envelope.length * 8} flips refused`);
});

test("every truncation and every appended byte is refused", () => {
	const envelope = pack(MANIFEST);
	for (let length = 0; length < envelope.length; length++)
		assert.throws(() => openEnvelope(envelope.slice(0, length), [key.publicKey]), isFault("ota.format"), `${length}`);
	for (let byte = 0; byte < 256; byte++)
		assert.throws(() => openEnvelope(Uint8Array.from([...envelope, byte]), [key.publicKey]), isFault("ota.format"));
});

test("mutated envelopes are refused, whatever the mutation", () => {
	const { integer, seed } = random();
	const envelope = pack(MANIFEST);
	for (let round = 0; round < 2000; round++) {
		const bytes = envelope.slice();
		for (let n = 1 + integer(4); n > 0; n--) bytes[integer(bytes.length)] = integer(256);
		if (equal(bytes, envelope)) continue;
		const where = `seed ${seed} round ${round}`;
		assert.throws(() => openEnvelope(bytes, [key.publicKey]), isFault("ota.format", "ota.signature"), where);
	}
});

test("unsigned, wrongly signed and exchanged manifests are refused", () => {
	const envelope = pack(MANIFEST);
	const { manifest, digest, sign1 } = readEnvelope(envelope);
	const seal = (authentication: Cbor, body: Uint8Array): Uint8Array =>
		encode(
			new Tagged(
				107,
				new Map<number, Cbor>([
					[2, encode(authentication)],
					[3, body],
				]),
			),
		);
	assert.deepEqual(seal([digest, sign1], manifest), envelope);
	const lower = encodeManifest({ ...MANIFEST, sequence: 43 });
	const keys = [key.publicKey];
	assert.throws(() => openEnvelope(seal([digest], manifest), keys), isFault("ota.signature"), "unsigned");
	assert.throws(() => openEnvelope(pack(MANIFEST, other), keys), isFault("ota.signature"), "another key");
	assert.throws(() => openEnvelope(seal([digest, sign1], lower), keys), isFault("ota.signature"), "another manifest");
	assert.throws(
		() => openEnvelope(seal([manifestDigest(lower), sign1], lower), keys),
		isFault("ota.signature"),
		"another digest",
	);
	assert.throws(
		() => openEnvelope(seal([digest, sign1, sign1], manifest), keys),
		isFault("ota.format"),
		"two signatures",
	);
	assert.throws(() => openEnvelope(envelope, []), isFault("ota.signature"), "no keys");
	assert.throws(() => openEnvelope(new Uint8Array(MAX_ENVELOPE_BYTES + 1), keys), isFault("ota.too-large"));
});

test("every change of a COSE header is refused", () => {
	const { digest, sign1 } = readEnvelope(pack(MANIFEST));
	const [header, , , signature] = (decode(sign1) as Tagged).value as Cbor[];
	const forms: [string, Cbor][] = [
		["ES384", new Tagged(18, [fromHex("a1013822"), new Map(), null, signature!])],
		["alg in the unprotected header", new Tagged(18, [new Uint8Array(0), new Map([[1, -7]]), null, signature!])],
		["key id", new Tagged(18, [fromHex("a201260441aa"), new Map(), null, signature!])],
		["embedded payload", new Tagged(18, [header!, new Map(), digest, signature!])],
		["COSE_Mac0", new Tagged(17, [header!, new Map(), null, signature!])],
		["untagged", [header!, new Map(), null, signature!]],
		["short signature", new Tagged(18, [header!, new Map(), null, new Uint8Array(63)])],
		["three parts", new Tagged(18, [header!, new Map(), null])],
	];
	for (const [name, form] of forms) assert.throws(() => readSign1(encode(form)), isFault("ota.format"), name);
});

test("every member, command and parameter outside the profile is refused, also when signed", () => {
	const manifest = decode(encodeManifest(MANIFEST)) as ReadonlyMap<number, Cbor>;
	const change = (edit: (members: Map<number, Cbor>) => void): Uint8Array => {
		const members = new Map(manifest);
		edit(members);
		return encode(members);
	};
	const common = decode(manifest.get(3) as Uint8Array) as ReadonlyMap<number, Cbor>;
	const shared = decode(common.get(4) as Uint8Array) as Cbor[];
	const withCommon = (key: number, value: Cbor): Uint8Array =>
		change((m) => m.set(3, encode(new Map(common).set(key, value))));
	for (const member of [4, 5, 6, 8, 9, 15, 16, 23, 24, -1])
		assert.throws(
			() => readManifest(change((m) => m.set(member, encode([])))),
			isFault("ota.format"),
			`member ${member}`,
		);
	for (const member of [1, 2, 3, 7, 20])
		assert.throws(() => readManifest(change((m) => m.delete(member))), isFault("ota.format"), `without ${member}`);
	for (const command of [5, 6, 12, 14, 15, 18, 22, 23, 24, 31, 32, -1])
		for (let at = 0; at <= shared.length; at += 2) {
			const sequence = [...shared.slice(0, at), command, 15, ...shared.slice(at)];
			assert.throws(() => readManifest(withCommon(4, encode(sequence))), isFault("ota.format"), `command ${command}`);
		}
	for (const version of [0, 2, "1", null])
		assert.throws(() => readManifest(change((m) => m.set(1, version))), isFault("ota.format"));
	for (const sequence of [0, -1, "1"])
		assert.throws(() => readManifest(change((m) => m.set(2, sequence))), isFault("ota.format"));
	const parameters = shared[1] as ReadonlyMap<number, Cbor>;
	for (const digest of [[-16, MANIFEST.digest, 0], [-43, MANIFEST.digest], [-16, new Uint8Array(31)], [-16]]) {
		const changed = new Map(parameters).set(3, encode(digest));
		const sequence = [shared[0]!, changed, ...shared.slice(2)];
		assert.throws(() => readManifest(withCommon(4, encode(sequence))), isFault("ota.format"), "digest");
	}
	assert.throws(() => readManifest(withCommon(1, [])), isFault("ota.format"), "dependencies");
	assert.throws(
		() => readManifest(withCommon(2, [[fromHex("00")], [fromHex("01")]])),
		isFault("ota.format"),
		"two components",
	);
	assert.throws(() => readManifest(withCommon(4, encode(shared.slice(0, 5)))), isFault("ota.format"), "odd sequence");
	assert.throws(
		() => readManifest(withCommon(4, encode(shared.slice(0, 4)))),
		isFault("ota.format"),
		"no class condition",
	);
	assert.throws(
		() => readManifest(withCommon(4, encode([...shared.slice(0, 5), 16]))),
		isFault("ota.format"),
		"policy 16",
	);
});

function uuidOfNode(name: string): string {
	const bytes = createHash("sha1").update(Uint8Array.from(NAMESPACE_DNS)).update(name).digest().subarray(0, 16);
	bytes[6] = (bytes[6]! & 0x0f) | 0x50;
	bytes[8] = (bytes[8]! & 0x3f) | 0x80;
	return bytes.toString("hex");
}

function base64url(bytes: Uint8Array): string {
	return Buffer.from(bytes).toString("base64url");
}
