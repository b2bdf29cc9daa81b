/** In which words DPS refuses a key is nowhere written: texts that speak of a CSR or its key, and texts of all else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { failureFault, requestFault } from "../../src/dps/dps-refusal.ts";
import type { ResponseTopic } from "../../src/dps/dps-topics.ts";

const OF_THE_KEY = [
	"Failed to decode the CSR.",
	"CsrKeyNotSupported",
	"FailedToDecodeCsr: unexpected tag",
	"The certificate signing request is not valid",
	"Invalid certificate request",
	"The CertificationRequest is malformed",
	"malformed PKCS#10",
	"pkcs10 cannot be read",
	"secp256r1 not allowed",
	"Only SECP384R1 is supported.",
	"prime256v1 is not permitted by the policy",
	"This curve is not permitted",
	"nistp256",
	"expected NIST P-384",
	"P384 required",
	"nistP256 refused",
	"P-256 refused",
	"EC keys must be larger",
	"Elliptic keys must be larger",
	"ECC keys must be larger",
	"ECDSA with SHA-256 is not accepted",
	"Unsupported publicKey",
	"invalid keySize 256",
	"Key length must be at least 384",
	"the key algorithm is not in the policy",
	"The KeyType is unknown",
	"Unsupported key.",
	"The key is not supported",
	"The key is not accepted",
	"key not allowed by the issuance policy",
] as const;
const OF_SOMETHING_ELSE = [
	"Invalid certificate.",
	"Bad request: registrationId is not the one that connected.",
	"Custom allocation failed with status code: 400",
	"Precondition failed: enrollment group key vault is busy",
	"The symmetric key type is not allowed for this enrollment",
	"Shared access signature: key length is 256",
	"The request body exceeds the cap 256",
	"Topics required: http 384",
	"SAS key not accepted",
	"missing key 'payload'",
	"",
	undefined,
	384,
	{ curve: "P-256" },
] as const;

const refused = (status: number, body: Readonly<Record<string, unknown>>): string => {
	const response: ResponseTopic = { status, requestId: "1", retryAfterSeconds: 2, retryAfterGiven: false };
	return requestFault(response, body).code;
};

for (const message of OF_THE_KEY)
	test(`a refusal that speaks of the CSR or its key is a rejected CSR: ${message}`, () => {
		for (const status of [400, 412, 422]) assert.equal(refused(status, { message }), "dps.csr-rejected");
		for (const errorCode of [400000, undefined])
			assert.equal(failureFault({ errorCode, errorMessage: message }).code, "dps.csr-rejected");
		// What these say, they say of something else, or for a time.
		for (const [status, code] of [
			[401, "dps.unauthorized"],
			[403, "dps.forbidden"],
			[404, "dps.not-found"],
			[409, "dps.conflict"],
			[429, "dps.throttled"],
			[503, "dps.unavailable"],
		] as const)
			assert.equal(refused(status, { errorCode: status * 1000, message }), code);
	});

for (const message of OF_SOMETHING_ELSE)
	test(`a 400 that speaks of something else is none: ${JSON.stringify(message)}`, () => {
		assert.equal(refused(400, { errorCode: 400000, message }), "dps.bad-request");
		assert.equal(failureFault({ errorCode: 400207, errorMessage: message }).code, "dps.failed");
	});

test("codes of a CSR say it in whatever words", () => {
	for (const errorCode of [400037, 400040]) {
		assert.equal(refused(400, { errorCode, message: "Invalid." }), "dps.csr-rejected");
		assert.equal(failureFault({ errorCode, errorMessage: "symmetric" }).code, "dps.csr-rejected");
	}
});
