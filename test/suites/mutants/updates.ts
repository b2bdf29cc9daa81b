/** What an update rests on: COSE, SUIT, CBOR, floor, digest, the archive. */
import { mutantsOf } from "./mutant.ts";

const SUIT = ["suit/suit", "suit/cbor", "suit/strict"];

export const UPDATES = [
	...mutantsOf("src/suit/cose.ts", SUIT, [
		["if (signer < 0) throw", "if (false) throw"],
		["message.tag !== TAG_SIGN1", "false"],
		["|| parts.length !== 4", ""],
		["|| !equal(header, Uint8Array.from(PROTECTED))", ""],
		["|| unprotected.size !== 0", ""],
		["if (payload !== null)", "if (false)"],
		["|| signature.length !== SIGNATURE_BYTES", ""],
		['"Signature1"', '"Signature"'],
	]),
	...mutantsOf("src/suit/manifest.ts", SUIT, [
		["if (bytes.length > MAX_ENVELOPE_BYTES)", "if (false)"],
		["if (authentication.length !== 2)", "if (authentication.length < 2)"],
		["if (!equal(sha256Digest(digest), sha256(encode(manifest))))", "if (false)"],
		["if (members.get(1) !== 1)", "if (false)"],
		["if (components.length !== 1)", "if (components.length < 1)"],
		["if (command !== wanted[i / 2])", "if (false)"],
		["if (found.length !== wanted.length)", "if (found.length < 0)"],
		["if (!keys.includes(key))", "if (false)"],
		["algorithm !== SHA256 || more.length !== 0", "more.length !== 0"],
		["more.length !== 0) throw", "false) throw"],
		['return byteString(digest, "digest", 32);', 'return byteString(digest, "digest");'],
		['byteString(parameters.get(2), "class", 16)', 'byteString(parameters.get(2), "class")'],
	]),
	...mutantsOf("src/suit/cbor.ts", SUIT, [
		["if (reader.at !== bytes.length)", "if (false)"],
		["if (depth > MAX_DEPTH)", "if (false)"],
		["if (this.#items > MAX_ITEMS)", "if (false)"],
		["this.#expect(2 * count);", "this.#expect(count);"],
		["				this.#expect(1);\n", ""],
		["if (order(key) <= last)", "if (false)"],
		["if (info > 27)", "if (info > 31)"],
		["if (argument < SHORTEST[info - 24]!)", "if (false)"],
		["if (argument >= Number.MAX_SAFE_INTEGER)", "if (false)"],
	]),
	...mutantsOf(
		"src/update/updater.ts",
		["update/updater", "update/floor"],
		[
			[
				"if (equal(digest, fromHex(work.digest)))",
				"if (equal(digest.subarray(0, 4), fromHex(work.digest).subarray(0, 4)))",
			],
		],
	),
	...mutantsOf(
		"src/update/readback.ts",
		["update/updater", "update/slot", "update/firmware"],
		[
			["		sha256.write(part);", "		if (offset === 0) sha256.write(part);"],
			["	inspect(() => inspection.end());", ""],
		],
	),
];
