/** SAS tokens against the recorded vectors, and the key that never shows. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { inspect } from "node:util";
import { fromBase64 } from "../../src/base/bytes.ts";
import { SymmetricKey } from "../../src/dps/sas.ts";

// A key of counting bytes, made for tests; the signatures were computed with OpenSSL.
const GROUP_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==";
const DEVICE_KEY = "CCN4SeGcMrAx1RY0vuzzTyQp10K0rswlyRp1x5w/XgU=";

test("a token for DPS under a key derived from a group key", () => {
	const key = SymmetricKey.parse(GROUP_KEY, "groupKey").derive("sim-0001");
	assert.equal(
		key.token("0ne00ABCDEF/registrations/sim-0001", 1790000000, "registration"),
		"SharedAccessSignature sr=0ne00ABCDEF%2Fregistrations%2Fsim-0001&sig=V8C4BUyksnJwIxJgpb0WJBbIKEfFvpiFu5hAF5XSvSc%3D&se=1790000000&skn=registration",
	);
});

test("a token for the hub has no policy name", () => {
	assert.equal(
		SymmetricKey.parse(DEVICE_KEY, "key").token("contoso.azure-devices.net/devices/sim-0001", 1790000000),
		"SharedAccessSignature sr=contoso.azure-devices.net%2Fdevices%2Fsim-0001&sig=5N4uekLKriAfqLwxNRG%2FxzGjUrAgoMOEhsbWUEVC1%2FU%3D&se=1790000000",
	);
});

test("the signature is HMAC-SHA256 over sr exactly as sent", () => {
	const token = SymmetricKey.parse(DEVICE_KEY, "key").token("a b/c+d", 7);
	const { sr, sig } = /sr=(?<sr>[^&]*)&sig=(?<sig>[^&]*)/.exec(token)!.groups as { sr: string; sig: string };
	const expected = createHmac("sha256", fromBase64(DEVICE_KEY)).update(`${sr}\n7`).digest("base64");
	assert.equal(decodeURIComponent(sig), expected);
	assert.equal(decodeURIComponent(sr), "a b/c+d");
});

test("a key that is no base64, too short or too long is refused by the name of its field, without showing it", () => {
	for (const text of ["not base64!", "AAAA", "A".repeat(400)])
		assert.throws(
			() => SymmetricKey.parse(text, "symmetricKey"),
			(fault: Error) => {
				assert.match(fault.message, /config\.invalid: symmetricKey/);
				assert.ok(!fault.message.includes(text));
				return true;
			},
		);
});

test("inspection and JSON do not show the key", () => {
	const key = SymmetricKey.parse(GROUP_KEY, "groupKey");
	assert.doesNotMatch(inspect(key, { depth: 9, showHidden: true }), /0, 1, 2|bytes: /);
	assert.equal(JSON.stringify(key), "{}");
});
