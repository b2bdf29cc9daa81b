/** Whose algorithm a signature names. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sha384 } from "../../hw/node/digest.ts";
import { KeyPair } from "../../src/key/pair.ts";
import { checkSignature } from "../../src/x509/signature.ts";

test("what an EC key has signed is wrong under the name of an RSA algorithm", () => {
	const signer = new KeyPair(new Uint8Array(48).fill(7));
	const key = { type: "P-384", point: signer.publicKey } as const;
	const text = Uint8Array.of(1, 2, 3);
	const signature = signer.sign(sha384(text));
	assert.equal(checkSignature("ecdsa-sha384", key, text, signature), "right");
	for (const algorithm of ["rsa-sha256", "rsa-sha384", "rsa-sha512"] as const)
		assert.equal(checkSignature(algorithm, key, text, signature), "wrong");
});
