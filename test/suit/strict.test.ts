/** What an envelope must not have beside what is signed, and how long its ids are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeManifest } from "../../hw/node/bundle/envelope.ts";
import { fromHex } from "../../src/base/bytes.ts";
import { type Cbor, decode, encode, Tagged } from "../../src/suit/cbor.ts";
import { PROTECTED, readSign1 } from "../../src/suit/cose.ts";
import { readManifest } from "../../src/suit/manifest.ts";
import { isFault } from "../support/random.ts";
import { manifestOf, standInImage } from "../support/release.ts";

test("a COSE_Sign1 has nothing unprotected, and four parts", () => {
	const [header, signature] = [Uint8Array.from(PROTECTED), new Uint8Array(64)];
	const sign1 = (...parts: Cbor[]) => encode(new Tagged(18, parts));
	assert.equal(readSign1(sign1(header, new Map(), null, signature)).length, 64);
	for (const parts of [
		[header, new Map([[4, fromHex("aa")]]), null, signature],
		[header, new Map(), null, signature, signature],
	])
		assert.throws(() => readSign1(sign1(...parts)), isFault("ota.format"));
});

test("vendor and class are UUIDs", () => {
	const manifest = decode(encodeManifest(manifestOf(standInImage(2)))) as ReadonlyMap<number, Cbor>;
	const common = decode(manifest.get(3) as Uint8Array) as ReadonlyMap<number, Cbor>;
	const [command, given, ...more] = decode(common.get(4) as Uint8Array) as Cbor[];
	const parameters = given as ReadonlyMap<number, Cbor>;
	for (const key of [1, 2])
		for (const bytes of [15, 17]) {
			const changed = new Map(parameters).set(key, new Uint8Array(bytes));
			const shared = encode([command!, changed, ...more]);
			const whole = new Map(manifest).set(3, encode(new Map(common).set(4, shared)));
			assert.throws(() => readManifest(encode(whole)), isFault("ota.format"), `${bytes} bytes of ${key}`);
		}
});
