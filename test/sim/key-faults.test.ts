/**
 * Fault injection into the linked image: one bit of one BigInt in ROM is flipped, known answers are computed. Every
 * answer must be bit-identical or caught: an exception, a refused signature, or an end of the machine. Never a wrong key
 * or signature, never a forged signature accepted. Sampled over table entries and over all other constants; the seed
 * and the counts are printed.
 */
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { p256 as stock } from "@noble/curves/nist.js";
import { type App, buildForXs, project, skip } from "../../hw/simulator/harness.ts";
import { SEED } from "../support/random.ts";

/** Flips of each kind; more by FLIPS=. */
const FLIPS = Number(process.env.FLIPS ?? 40);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

interface Constant {
	readonly name: string;
	readonly table: boolean;
	readonly offset: number;
	readonly bytes: number;
}

test(`a flipped bit in a constant of the image never gives a wrong answer, seed ${SEED}`, { skip }, async (t) => {
	const app = await build();
	const image = readFileSync(app.library);
	const constants = locate(app, image);
	try {
		for (const table of [true, false]) {
			const pool = constants.filter((constant) => constant.table === table);
			const counts = { same: 0, caught: 0, stopped: 0 };
			for (let i = 0; i < FLIPS; i++) {
				const draw = createHash("sha256").update(`${SEED} ${table} ${i}`).digest();
				const constant = pool[draw.readUInt32LE(0) % pool.length]!;
				const bit = draw.readUInt32LE(4) % (8 * constant.bytes);
				const flipped = Buffer.from(image);
				flipped[constant.offset + (bit >> 3)]! ^= 1 << (bit & 7);
				writeFileSync(app.library, flipped);
				const { exitCode, output } = await app.run({ timeoutSeconds: 6 });
				const found = /^same \d+ caught (\d+) wrong (\d+)$/m.exec(output);
				assert.equal(found?.[2] ?? "0", "0", `bit ${bit} of ${constant.name}: ${output}`);
				counts[found === null || exitCode !== 0 ? "stopped" : found[1] === "0" ? "same" : "caught"]++;
			}
			t.diagnostic(`${table ? "table entries" : "other constants"}: ${FLIPS} flips: ${JSON.stringify(counts)}`);
			assert.ok(counts.caught > 0);
		}
	} finally {
		writeFileSync(app.library, image);
	}
	const { output } = await app.run();
	assert.match(output, /caught 0 wrong 0/);
});

async function build(): Promise<App> {
	const folder = join(project, "build/sim/key-faults");
	mkdirSync(folder, { recursive: true });
	writeFileSync(
		join(folder, "answers.js"),
		`export default ${JSON.stringify({ keys: keys(), verdicts: verdicts() })};\n`,
	);
	return buildForXs({
		name: "key-faults",
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
				main: "$(ENROLLEE)/test/sim/apps/key-faults",
				answers: "$(ENROLLEE)/build/sim/key-faults/answers",
				"enrollee/base": "$(ENROLLEE)/dist/moddable/base",
				"enrollee/digest": "$(ENROLLEE)/dist/moddable/digest",
				"enrollee/key": "$(ENROLLEE)/dist/moddable/key",
			},
			preload: ["enrollee/base", "enrollee/digest", "enrollee/key"],
		},
	});
}

/** The linker's C source says where each BigInt lies; its table is found in the library by its first words. */
function locate(app: App, image: Buffer): Constant[] {
	const source = readFileSync(join(app.temporary, "mc.xs.c"), "utf8");
	const body = /gxBigIntData\[mxBigIntCount\] = \{([^}]*)\}/.exec(source)![1]!;
	const words = body.match(/0x[0-9a-f]+/gi)!.map(Number);
	const start = image.indexOf(Buffer.from(Uint32Array.from(words).buffer));
	assert.ok(start > 0, "the library does not hold the linker's BigInts");
	const slots = source.matchAll(/\.ID = (\w+)[^\n]*gxBigIntData\[(\d+)\], \.size = (\d+)/g);
	return [...slots].map(([, name, index, size]) => ({
		name: name!,
		table: /^xsID_[xy]$/.test(name!),
		offset: start + 4 * Number(index),
		bytes: 4 * Number(size),
	}));
}

function keys(): string[] {
	return Array.from({ length: 6 }, () => {
		const scalar = stock.utils.randomSecretKey();
		const digest = randomBytes(32);
		const signature = stock.sign(digest, scalar, { prehash: false, format: "der" });
		return [scalar, digest, stock.getPublicKey(scalar, false), signature].map(hex).join(" ");
	});
}

/** "curve point digest good forged" */
function verdicts(): string[] {
	return (["P-256", "P-384"] as const).map((curve) => {
		const hash = curve === "P-256" ? "sha256" : "sha384";
		const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: curve });
		const { x, y } = publicKey.export({ format: "jwk" });
		const point = Buffer.concat([Buffer.of(4), Buffer.from(x!, "base64url"), Buffer.from(y!, "base64url")]);
		const message = randomBytes(50);
		const digest = createHash(hash).update(message).digest();
		const [good, forged] = [sign(hash, message, privateKey), sign(hash, Buffer.from("other"), privateKey)];
		return [curve, ...[point, digest, good, forged].map(hex)].join(" ");
	});
}
