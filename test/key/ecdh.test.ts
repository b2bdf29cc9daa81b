/** ECDH against OpenSSL's, and Project Wycheproof's points ($WYCHEPROOF, its folder testvectors_v1). */
import assert from "node:assert/strict";
import { createECDH, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fromHex, hex } from "../../src/base/bytes.ts";
import { P256, P384 } from "../../src/key/curve.ts";
import { ephemeralPoint, sharedSecret } from "../../src/key/ecdh.ts";
import { bigEndian } from "../support/signature.ts";

const CURVES = [
	{ curve: "P-256", openssl: "prime256v1", bytes: 32, n: P256.n, ecpoint: "ecdh_secp256r1_ecpoint" },
	{ curve: "P-384", openssl: "secp384r1", bytes: 48, n: P384.n, ecpoint: "ecdh_secp384r1_ecpoint" },
] as const;

for (const { curve, openssl, bytes, n, ecpoint } of CURVES) {
	const theirs = (): { point: Uint8Array; agree: (point: Uint8Array) => string } => {
		const other = createECDH(openssl);
		const point = new Uint8Array(other.generateKeys());
		return { point, agree: (ours) => other.computeSecret(ours).toString("hex") };
	};

	test(`${curve}: a secret is OpenSSL's, with any of our scalars, the ends of their range among them`, () => {
		const ends = [1n, 2n, 3n, 15n, 16n, 17n, 31n, n >> 1n, n - 17n, n - 16n, n - 2n, n - 1n, 1n << 200n];
		const scalars = ends.map((scalar) => bigEndian(scalar, bytes));
		while (scalars.length < 60) scalars.push(new Uint8Array(randomBytes(bytes)).fill(1, 0, 1));
		for (const scalar of scalars) {
			const { point, agree } = theirs();
			assert.equal(hex(sharedSecret(curve, scalar, point)), agree(ephemeralPoint(curve, scalar)), hex(scalar));
		}
	});

	test(`${curve}: scalars out of range and what is no point of the curve are refused`, () => {
		const { point } = theirs();
		for (const scalar of [0n, n, n + 1n]) {
			assert.throws(() => sharedSecret(curve, bigEndian(scalar, bytes), point), /scalar|range/);
			assert.throws(() => ephemeralPoint(curve, bigEndian(scalar, bytes)), /range/);
		}
		const one = bigEndian(1n, bytes);
		const off = point.slice();
		off[bytes]! ^= 1;
		const compressed = Uint8Array.of(2, ...point.slice(1, bytes + 1));
		for (const wrong of [
			off,
			compressed,
			Uint8Array.of(0),
			new Uint8Array(0),
			point.slice(1),
			new Uint8Array(2 * bytes + 1),
		])
			assert.throws(() => sharedSecret(curve, one, wrong), hex(wrong));
	});

	const file = join(process.env.WYCHEPROOF ?? "", `${ecpoint}_test.json`);
	const skip = existsSync(file) ? false : `SKIPPED: no ${ecpoint}_test.json in $WYCHEPROOF`;
	test(`${curve}: Wycheproof's points`, { skip }, () => {
		const { testGroups } = JSON.parse(readFileSync(file, "utf8"));
		let checked = 0;
		for (const { tests } of testGroups)
			for (const { private: scalar, public: point, shared, result, flags, tcId } of tests) {
				const ours = scalar.padStart(2 * bytes, "0").slice(-2 * bytes);
				const agreed = (): string => hex(sharedSecret(curve, fromHex(ours), fromHex(point)));
				// TLS has uncompressed points only.
				if (result === "invalid" || flags.includes("CompressedPoint")) assert.throws(agreed, Error, `${tcId}`);
				else assert.equal(agreed(), shared, `${tcId}`);
				checked++;
			}
		assert.ok(checked >= 200, `${checked}`);
	});
}
