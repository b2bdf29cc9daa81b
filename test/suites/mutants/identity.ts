/** Keys, secrets in logs, what DPS and hub may say, what flash may lose. */
import { mutantsOf } from "./mutant.ts";

export const IDENTITY = [
	...mutantsOf(
		"src/key/pair.ts",
		["key/key", "key/rfc6979"],
		[
			["if (!utils.isValidSecretKey(scalar))", "if (false)"],
			["if (utils.isValidSecretKey(scalar)) return", "return"],
			["lowS: true", "lowS: false"],
			["isLowS(signature, size) && ", ""],
			["(!this.#checked || scheme.verify(signature, digest, this.publicKey, OPTIONS))", "true"],
			["return this.#scalar.slice();", "return this.#scalar;"],
		],
	),
	...mutantsOf(
		"src/key/verify.ts",
		["key/wycheproof", "suit/suit", "x509/chain"],
		[["return scheme.verify(signature, digest, publicKey, { prehash: false, lowS: false, format });", "return true;"]],
	),
	...mutantsOf(
		"src/dps/registration.ts",
		["dps/registration", "dps/assignment"],
		[
			["response?.requestId !== String(this.#requestNumber)", "response === undefined"],
			["		this.#open = false;\n		return response;", "		return response;"],
			["if (payload.length > MOST_BODY_BYTES)", "if (false)"],
			["if (id.length > MOST_DEVICE_ID)", "if (false)"],
			["	if (foreign)", "	if (false)"],
			['if (this.#operationId === "")', "if (false)"],
		],
	),
	...mutantsOf("cloud/log.ts", ["cloud/operator", "cloud/page", "cloud/robust"], [["\\bsig=[^&", "\\bsiq=[^&"]]),
];
