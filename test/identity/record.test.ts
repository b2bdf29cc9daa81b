/** The credential record: what is written reads back, and everything that is not exactly that is store.damaged. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Credential, decodeCredential, encodeCredential } from "../../src/identity/record.ts";
import { mutations } from "../support/mutate.ts";
import { isFault } from "../support/random.ts";
import { full, proposal, record, source } from "./credential-probe.ts";

test("a record reads back", () => {
	for (const credential of [full, { ...proposal(1), sequence: 0 }]) {
		const { key, ...rest } = decodeCredential(encodeCredential(credential));
		const { key: _key, ...expected } = credential;
		assert.deepEqual(rest, expected);
		assert.ok("signer" in key && "signer" in credential.key);
		assert.deepEqual(key.signer.scalar!(), credential.key.signer.scalar!());
	}
	const operators: Credential = { ...full, key: { pkcs8: source.bytes(1200) } };
	assert.deepEqual(decodeCredential(encodeCredential(operators)), operators);
});

test("every truncation and every kind of damage is store.damaged", () => {
	const blob = encodeCredential(full);
	for (const spoiled of mutations(blob, 2000, source))
		if (!Buffer.from(blob).equals(spoiled)) assert.throws(() => decodeCredential(spoiled), isFault("store.damaged"));
	for (let bit = 0; bit < 8 * blob.length; bit += 1 + source.integer(5)) {
		const spoiled = blob.slice();
		spoiled[bit >> 3]! ^= 1 << (bit & 7);
		assert.throws(() => decodeCredential(spoiled), isFault("store.damaged"), `bit ${bit}`);
	}
	// With a right checksum, too.
	for (const body of [Uint8Array.of(1, 0, 2, 7), Uint8Array.of(3), Uint8Array.of(4, 0, 1, 0x20)])
		assert.throws(() => decodeCredential(record(1, body)), isFault("store.damaged"));
	assert.throws(() => decodeCredential(record(0)), isFault("store.damaged"));
});
