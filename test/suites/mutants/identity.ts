/** Keys, secrets in logs, what DPS and hub may say, what flash may lose. */
import { mutantsOf } from "./mutant.ts";

const FAULTS =
	"against faults that somebody induces in the chip: noble, which is frozen, makes none that a test could show";

export const IDENTITY = [
	...mutantsOf(
		"src/key/pair.ts",
		["key/key", "key/rfc6979"],
		[
			["if (!utils.isValidSecretKey(scalar))", "if (false)"],
			["if (utils.isValidSecretKey(scalar)) return", "return"],
			["lowS: true", "lowS: false"],
			["isLowS(signature, size) && ", "", FAULTS],
			["(!this.#checked || scheme.verify(signature, digest, this.publicKey, OPTIONS))", "true", FAULTS],
			["return this.#scalar.slice();", "return this.#scalar;"],
		],
	),
	...mutantsOf(
		"src/key/verify.ts",
		["key/wycheproof", "suit/suit", "x509/chain"],
		[["return scheme.verify(signature, digest, publicKey, { prehash: false, lowS: false, format });", "return true;"]],
	),
	...mutantsOf(
		"src/base/json-stream.ts",
		["dps/registration", "dps/assignment"],
		[["if (this.bytes > this.#mostBytes)", "if (false)"]],
	),
	...mutantsOf(
		"src/dps/registration.ts",
		["dps/registration", "dps/assignment"],
		[
			["response?.requestId !== String(this.#requestNumber)", "response === undefined"],
			["		this.#open = false;\n		return response;", "		return response;"],
			["if (id.length > MOST_DEVICE_ID)", "if (false)"],
			["	if (foreign)", "	if (false)"],
			['if (this.#operation === "")', "if (false)"],
		],
	),
	...mutantsOf(
		"cloud/log.ts",
		["cloud/log"],
		[
			["\\bsig=[^&", "\\bsiq=[^&"],
			["/^(sr|se|skn)=/", "/^(sr|se|skn|sig)=/"],
			["return fields === undefined ? MASK :", "return fields === undefined ? password :"],
			["masked(packet.topic)", "packet.topic"],
		],
	),
];
