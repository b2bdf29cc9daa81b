/** `enrollee bundle` as a user runs it, against OpenSSL. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { encodeImage, readImage } from "../../hw/node/bundle/image.ts";
import { readPublicKey } from "../../hw/node/bundle/key.ts";
import { slotBytes } from "../../hw/node/bundle/partitions.ts";
import { findFirmware } from "../../hw/node/bundle/project.ts";
import { sha256 } from "../../hw/node/digest.ts";
import { concat, utf8 } from "../../src/base/bytes.ts";
import { toBeSigned } from "../../src/suit/cose.ts";
import { openEnvelope, readEnvelope } from "../../src/suit/manifest.ts";
import { enrollee, expect } from "../support/bundles.ts";
import { mutations } from "../support/mutate.ts";
import { isFault } from "../support/random.ts";
import { standInImage } from "../support/release.ts";

const folder = mkdtempSync(join(tmpdir(), "bundle-"));
const path = (name: string): string => join(folder, name);
const IMAGE = standInImage(1, undefined, undefined, 42, 7);

/** The options of a bundle that is in order, without how it is signed. */
const packing = (change: Readonly<Record<string, string>> = {}): string[] => {
	const options = {
		image: path("image.bin"),
		sequence: "42",
		class: "esp32/devkit/4m",
		uri: "https://updates.example.com/a.bin",
		...change,
	};
	return ["pack", ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])];
};
const signed = (out: string): string[] => ["--key", path("release.pem"), "--out", path(out)];

before(async () => {
	writeFileSync(path("image.bin"), IMAGE);
	await expect(0, ["key", "--out", path("release.pem"), "--pub", path("release.pub")]);
});

test("a release key is P-256, for its owner only, and is never replaced", async () => {
	assert.equal(statSync(path("release.pem")).mode & 0o777, 0o600);
	const text = execFileSync("openssl", ["pkey", "-in", path("release.pem"), "-noout", "-text"], { encoding: "utf8" });
	assert.match(text, /NIST CURVE: P-256/);
	const kept = readFileSync(path("release.pem"));
	await expect(2, ["key", "--out", path("release.pem"), "--pub", path("x.pub")], /config\.exists/);
	assert.deepEqual(readFileSync(path("release.pem")), kept);
});

test("a bundle verifies with OpenSSL, with a device's reader, and with `bundle verify`", async () => {
	await expect(0, [...packing(), ...signed("a.suit")]);
	const envelope = new Uint8Array(readFileSync(path("a.suit")));
	const { manifest } = openEnvelope(envelope, [readPublicKey(path("release.pub"))]);
	assert.equal(manifest.sequence, 42);
	assert.deepEqual(manifest.digest, sha256(IMAGE));

	const { digest, sign1 } = readEnvelope(envelope);
	writeFileSync(path("message"), toBeSigned(digest));
	writeFileSync(path("signature.der"), derSignature(sign1.slice(-64)));
	const command = [
		"dgst",
		"-sha256",
		"-verify",
		path("release.pub"),
		"-signature",
		path("signature.der"),
		path("message"),
	];
	assert.match(execFileSync("openssl", command, { encoding: "utf8" }), /Verified OK/);

	const verified = await expect(0, [
		"verify",
		path("a.suit"),
		"--pub",
		path("release.pub"),
		"--image",
		path("image.bin"),
		"--class",
		"esp32/devkit/4m",
		"--json",
	]);
	assert.equal(JSON.parse(verified).sequence, 42);
	assert.equal(JSON.parse(verified).secureVersion, 7);
	assert.equal(
		JSON.parse(await expect(0, ["inspect", path("a.suit"), "--json"])).uri,
		"https://updates.example.com/a.bin",
	);
});

test("packing twice gives the same bytes", async () => {
	await expect(0, [...packing(), ...signed("one.suit")]);
	await expect(0, [...packing(), ...signed("two.suit")]);
	assert.deepEqual(readFileSync(path("one.suit")), readFileSync(path("two.suit")));
});

test("an external signer: OpenSSL signs what --to-be-signed wrote; a signature of something else is refused", async () => {
	await expect(0, [...packing(), "--to-be-signed", path("tbs")]);
	execFileSync("openssl", ["dgst", "-sha256", "-sign", path("release.pem"), "-out", path("tbs.sig"), path("tbs")]);
	const external = ["--signature", path("tbs.sig"), "--pub", path("release.pub"), "--out", path("b.suit")];
	await expect(0, [...packing(), ...external]);
	await expect(0, ["verify", path("b.suit"), "--pub", path("release.pub"), "--image", path("image.bin")]);
	await expect(1, [...packing({ sequence: "43" }), ...external], /ota\.signature/);
	await expect(2, [...packing(), "--signature", path("tbs.sig"), "--out", path("b.suit")], /--pub/);
});

test("an encrypted key is said to be that, in both containers", async () => {
	const encrypt = (...command: string[]) =>
		execFileSync("openssl", [
			...command,
			"-in",
			path("release.pem"),
			"-passout",
			"pass:secret",
			"-out",
			path("locked.pem"),
		]);
	for (const command of [
		["pkcs8", "-topk8"],
		["ec", "-aes128"],
	]) {
		encrypt(...command);
		const flags = [...packing(), "--key", path("locked.pem"), "--out", path("never.suit")];
		await expect(2, flags, /locked\.pem: encrypted with a passphrase: decrypt it first/);
	}
});

test("what a device would refuse is not packed", async () => {
	const image = (name: string, bytes: Uint8Array): string => {
		writeFileSync(path(name), bytes);
		return path(name);
	};
	const refused = (code: number, change: Readonly<Record<string, string>>, error: RegExp) =>
		expect(code, [...packing(change), ...signed("never.suit")], error);
	await refused(1, { image: image("page.html", utf8("<html>".repeat(100))) }, /ota\.image.*0xe9/);
	await refused(1, { image: image("cut.bin", IMAGE.slice(0, 100_000)) }, /ota\.image.*cut/);
	await refused(
		1,
		{ image: image("s3.bin", encodeImage(9, new Uint8Array(100))) },
		/ota\.image.*chip id 9 \(esp32s3\)/,
	);
	await refused(1, { image: image("large.bin", encodeImage(0, new Uint8Array(0x1f0000))) }, /ota\.too-large.*2031616/);
	await refused(
		1,
		{ image: image("junk.bin", concat(IMAGE, new Uint8Array(5))) },
		/ota\.image.*5 bytes behind its end/,
	);
	const bootloader = IMAGE.slice();
	bootloader[32] = 0x50;
	await refused(1, { image: image("bootloader.bin", bootloader) }, /ota\.image.*application descriptor/);
	await refused(1, { uri: "http://updates.example.com/a.bin" }, /ota\.uri/);
	await refused(2, { class: "esp32" }, /config\.invalid: --class/);
	for (const chip of ["z80", "constructor"])
		await refused(2, { class: `${chip}/devkit/4m` }, new RegExp(`config\\.invalid: --class: chip ${chip}`));
	await refused(2, { class: "esp32/devkit/16m" }, /config\.missing: --partitions/);
	await refused(2, { sequence: "0" }, /sequence/);
	await refused(2, { image: path("absent.bin") }, /config\.invalid: --image/);
	assert.throws(() => statSync(path("never.suit")), { code: "ENOENT" });
	await expect(2, packing(), /--out/);
	await expect(2, [...packing(), "--out", path("never.suit")], /--key/);
});

test("verify refuses another key, another image, another class, a spoiled bundle", async () => {
	await expect(0, [...packing(), ...signed("v.suit")]);
	await expect(0, ["key", "--out", path("other.pem"), "--pub", path("other.pub")]);
	const verify = (file: string, pub: string, image: string, ...more: string[]): string[] => [
		"verify",
		path(file),
		"--pub",
		path(pub),
		"--image",
		path(image),
		...more,
	];
	writeFileSync(path("other.bin"), standInImage(2));
	writeFileSync(path("short.bin"), IMAGE.slice(1));
	const spoiled = readFileSync(path("v.suit"));
	spoiled[spoiled.length - 1]! ^= 1;
	writeFileSync(path("spoiled.suit"), spoiled);
	await expect(1, verify("v.suit", "other.pub", "image.bin"), /ota\.signature/);
	await expect(1, verify("v.suit", "release.pub", "other.bin"), /ota\.digest/);
	await expect(1, verify("v.suit", "release.pub", "short.bin"), /ota\.length/);
	await expect(1, verify("v.suit", "release.pub", "image.bin", "--class", "esp32/devkit/8m"), /ota\.class/);
	await expect(1, verify("spoiled.suit", "release.pub", "image.bin"), /ota\.signature/);
	await expect(2, verify("v.suit", "image.bin", "image.bin"), /config\.invalid: --pub/);
	await expect(2, ["inspect", path("image.bin")], /config\.invalid/);
});

test("`bundle firmware` names everything that is missing", async () => {
	process.env.MODDABLE = folder;
	const { code, err } = await enrollee("firmware");
	assert.equal(code, 2);
	for (const missing of ["--sequence", "--uri", "--key", "no xs_esp32.bin", "npm run flash"])
		assert.ok(err.includes(missing), err);
	assert.throws(() => findFirmware("app", ""), isFault("config.missing"));
});

test("slots are read from a partition table in every notation, the smaller one counts", async () => {
	const table = (...lines: string[]): string => {
		writeFileSync(path("partitions.csv"), ["# Name, Type, SubType, Offset, Size", ...lines].join("\n"));
		return path("partitions.csv");
	};
	assert.equal(
		slotBytes(table("nvs,data,nvs,,24K", "a, app, ota_0, , 1M,", "b, app, ota_1, 0x110000, 960K, # smaller")),
		960 * 1024,
	);
	assert.equal(slotBytes(table("a,app,ota_0,,0x1F0000", "b,app,ota_1,,2097152")), 0x1f0000);
	for (const lines of [
		["a,app,factory,,1M"],
		["a,app,ota_0,,1M"],
		["a,app,ota_0,,1M", "b,app,ota_1,,"],
		["a,app,ota_0,,1G", "b,app,ota_1,,1M"],
	])
		assert.throws(() => slotBytes(table(...lines)), isFault("config.invalid"));
});

test("mutated and truncated images are refused, or keep within their bytes", async () => {
	const image = encodeImage(0, new Uint8Array(50).fill(3));
	assert.deepEqual(readImage(image), { chipId: 0, length: image.length });
	assert.equal(readImage(concat(image, utf8("the rest of a slot"))).length, image.length);
	for (const spoiled of mutations(image, 3000)) {
		try {
			assert.ok(readImage(spoiled).length <= spoiled.length);
		} catch (thrown) {
			assert.ok(isFault("ota.image")(thrown), String(thrown));
		}
	}
});

/** r || s as ECDSA-Sig-Value. */
function derSignature(raw: Uint8Array): Uint8Array {
	const integer = (half: Uint8Array): number[] => {
		const value = [...half.subarray(half.findIndex((byte) => byte !== 0))];
		if (value[0]! & 0x80) value.unshift(0);
		return [2, value.length, ...value];
	};
	const body = [...integer(raw.subarray(0, 32)), ...integer(raw.subarray(32))];
	return Uint8Array.from([0x30, body.length, ...body]);
}
