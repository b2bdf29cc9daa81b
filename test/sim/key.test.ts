/**
 * The device's key room on XS, linked into ROM, in each flavour: 500 known answers of stock noble, verdicts over P-256 and P-384
 * signatures of OpenSSL, hashes of OpenSSL, and the randomness armed. Known answers are made anew in each run.
 */
import assert from "node:assert/strict";
import { createECDH, createHash, createHmac, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { p384, p256 as stock } from "@noble/curves/nist.js";
import { buildForXs, project, type Run, skip } from "../../hw/simulator/harness.ts";
import { bundleKeyRoom, type Flavour } from "../support/key-bundle.ts";
import { bigEndian, derToRaw } from "../support/signature.ts";

const N = stock.Point.Fn.ORDER;
/** noble's own formulas take their time. */
const KEYS = { native: 500, fast: 200, "noble-formulas": 60 };
const KEYS_384 = { native: 100, fast: 40, "noble-formulas": 10 };
const VECTORS = join(project, "../shared/vectors/ecdsa_secp256r1_sha256_test.json");

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function keys(count: number): string[] {
	const scalars = [
		1n,
		2n,
		3n,
		5n,
		16n,
		31n,
		32n,
		N - 1n,
		N - 2n,
		N >> 1n,
		(N >> 1n) + 1n,
		1n << 255n,
		(1n << 255n) - 1n,
	]
		.concat([11n, 22n, 33n, 44n, 66n, 88n, 128n, 220n].map((bit) => (1n << bit) - 1n))
		.map((scalar) => bigEndian(scalar, 32));
	while (scalars.length < count) scalars.push(stock.utils.randomSecretKey());
	return scalars.map((scalar) => {
		const digest = randomBytes(32);
		const signature = stock.sign(digest, scalar, { prehash: false, format: "der" });
		return [scalar, digest, stock.getPublicKey(scalar, false), signature].map(hex).join(" ");
	});
}

/** The same on P-384, random ones and the ends. */
function keys384(count: number): string[] {
	const n = p384.Point.Fn.ORDER;
	const scalars = [1n, 2n, 3n, n - 1n, n >> 1n, 1n << 383n, (1n << 17n) - 1n, (1n << 68n) - 1n].map((scalar) =>
		bigEndian(scalar, 48),
	);
	while (scalars.length < count) scalars.push(p384.utils.randomSecretKey());
	return scalars.map((scalar) => {
		const digest = randomBytes(48);
		const signature = p384.sign(digest, scalar, { prehash: false, format: "der" });
		return [scalar, digest, p384.getPublicKey(scalar, false), signature].map(hex).join(" ");
	});
}

/** "curve form point digest signature verdict" */
function verdicts(): string[] {
	const lines: string[] = [];
	for (const [curve, hash, size] of [
		["P-256", "sha256", 32],
		["P-384", "sha384", 48],
	] as const)
		for (let i = 0; i < 12; i++) {
			const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: curve });
			const jwk = publicKey.export({ format: "jwk" });
			const point = Buffer.concat([Buffer.of(4), Buffer.from(jwk.x!, "base64url"), Buffer.from(jwk.y!, "base64url")]);
			const message = randomBytes(50);
			const digest = createHash(hash).update(message).digest();
			const der = sign(hash, message, privateKey);
			const raw = derToRaw(new Uint8Array(der), size);
			const wrong = raw.slice();
			wrong[i]! ^= 4;
			lines.push(`${curve} der ${hex(point)} ${hex(digest)} ${hex(der)} true`);
			lines.push(`${curve} raw ${hex(point)} ${hex(digest)} ${hex(raw)} true`);
			lines.push(`${curve} raw ${hex(point)} ${hex(digest)} ${hex(wrong)} false`);
			point[point.length - 1]! ^= 1;
			lines.push(`${curve} der ${hex(point)} ${hex(digest)} ${hex(der)} false`);
		}
	return lines;
}

/** "curve scalar point theirs secret", of OpenSSL. */
function agreements(count: number): string[] {
	return [
		["P-256", "prime256v1", 32],
		["P-384", "secp384r1", 48],
	].flatMap(([curve, name, size]) =>
		Array.from({ length: count }, () => {
			const [ours, theirs] = [createECDH(name as string), createECDH(name as string)];
			const point = ours.generateKeys("hex");
			const other = theirs.generateKeys();
			const scalar = ours.getPrivateKey("hex").padStart(2 * (size as number), "0");
			return [curve, scalar, point, hex(other), hex(ours.computeSecret(other))].join(" ");
		}),
	);
}

function wycheproof(): string[] {
	if (!existsSync(VECTORS)) return [];
	const { testGroups } = JSON.parse(readFileSync(VECTORS, "utf8"));
	return testGroups.flatMap(
		(group: { publicKey: { uncompressed: string }; tests: { msg: string; sig: string; result: string }[] }) =>
			group.tests.map(({ msg, sig, result }) => {
				const digest = createHash("sha256").update(Buffer.from(msg, "hex")).digest("hex");
				return `P-256 der ${group.publicKey.uncompressed} ${digest} ${sig} ${result === "valid"}`;
			}),
	);
}

/** "function xKEY xMESSAGE expected": the x keeps empty ones. */
function digests(): string[] {
	const lines: string[] = [];
	for (const length of [0, 1, 55, 56, 64, 65, 127, 128, 129, 200]) {
		const [key, message] = [randomBytes(length), randomBytes(300 - length)];
		for (const hash of ["sha256", "sha384"]) {
			const name = `hmac${hash[0]!.toUpperCase()}${hash.slice(1)}`;
			lines.push(`${hash} x x${hex(message)} ${createHash(hash).update(message).digest("hex")}`);
			lines.push(`${name} x${hex(key)} x${hex(message)} ${createHmac(hash, key).update(message).digest("hex")}`);
		}
	}
	return lines;
}

for (const flavour of ["native", "fast", "noble-formulas"] as const)
	describe(`the key room on XS, from ROM: ${flavour}`, { skip }, () => {
		const answers = {
			keys: [...keys(KEYS[flavour]), ...keys384(KEYS_384[flavour])],
			verdicts: flavour === "noble-formulas" ? verdicts() : [...verdicts(), ...wycheproof()],
			refused: [0n, N, N + 1n, (1n << 256n) - 1n]
				.map((scalar) => hex(bigEndian(scalar, 32)))
				.concat("01", "", "00".repeat(33), "00".repeat(48), "ff".repeat(48), "00".repeat(49)),
			agreements: agreements(flavour === "noble-formulas" ? 2 : 40),
			digests: digests(),
		};
		let run: Run;
		const said = (name: string): string | undefined => new RegExp(`^${name} (.*)$`, "m").exec(run.output)?.[1];

		before(async () => {
			run = await runOn(flavour, answers);
			assert.equal(run.exitCode, 0, run.output);
		});

		test("is of this flavour", () => assert.equal(said("flavour"), flavour));
		test("the randomness that blinds is armed", () => assert.equal(said("armed"), "true"));
		test("two fresh keys differ", () => assert.equal(said("fresh"), "true"));
		test(`${KEYS[flavour]} public keys and signatures on P-256, ${KEYS_384[flavour]} on P-384, are stock noble's`, () =>
			assert.equal(said("keys"), String(answers.keys.length)));
		test("signatures of OpenSSL and Wycheproof are judged right, on P-256 and P-384", () =>
			assert.equal(said("verdicts"), String(answers.verdicts.length)));
		test("secrets of ECDH are OpenSSL's", () => assert.equal(said("agreements"), String(answers.agreements.length)));
		test("scalars out of range are refused", () => assert.equal(said("refused"), String(answers.refused.length)));
		test("hashes and HMACs are OpenSSL's", () => assert.equal(said("digests"), String(answers.digests.length)));
		test("the engine still takes a BigInt in ROM for different from its equal: the plugin is needed", () =>
			assert.equal(said("engine compares"), "false"));
	});

/** The flavour of the build is in dist; the others are bundled here. */
async function runOn(flavour: Flavour, answers: object): Promise<Run> {
	const name = `key-${flavour}`;
	const folder = join(project, "build/sim", name);
	mkdirSync(folder, { recursive: true });
	writeFileSync(join(folder, "answers.js"), `export default { one: BigInt(1), ...${JSON.stringify(answers)} };\n`);
	if (flavour !== "native") writeFileSync(join(folder, "key.js"), await bundleKeyRoom({ flavour, device: true }));
	const app = await buildForXs({
		name,
		build: "release",
		manifest: {
			include: [
				"$(MODDABLE)/examples/manifest_base.json",
				"$(MODULES)/crypt/digest/manifest.json",
				"$(ENROLLEE)/hw/moddable/manifest_text.json",
				"$(ENROLLEE)/hw/simulator/lib/manifest.json",
				"$(ENROLLEE)/hw/moddable/manifest_key.json",
			],
			creation: { chunk: { initial: 16384, incremental: 4096 }, heap: { initial: 512, incremental: 128 }, stack: 512 },
			modules: {
				main: "$(ENROLLEE)/test/sim/apps/key",
				answers: `${folder}/answers`,
				"enrollee/base": "$(ENROLLEE)/dist/moddable/base",
				"enrollee/digest": "$(ENROLLEE)/dist/moddable/digest",
				"enrollee/key": flavour === "native" ? "$(ENROLLEE)/dist/moddable/key" : `${folder}/key`,
			},
			preload: ["answers", "enrollee/base", "enrollee/digest", "enrollee/key"],
		},
	});
	return app.run();
}
