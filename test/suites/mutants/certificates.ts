/** DER, certificates, chains, names, requests and keys, as device and Node read them. */
import { mutantsOf } from "./mutant.ts";

const DER = ["x509/der", "x509/certificate"];
const CHAIN = ["x509/chain", "x509/issuers", "x509/paths"];

export const CERTIFICATES = [
	...mutantsOf("src/x509/der.ts", DER, [
		["if (bytes.length > MAX_DER_BYTES)", "if (false)"],
		["if (depth > MAX_DEPTH)", "if (false)"],
		["if (this.#at !== this.#bytes.length)", "if (false)"],
		["if (this.tag !== tag)", "if (false)"],
		["if (length > this.#bytes.length - from)", "if (false)"],
		["content.length !== 1 || (value !== 0 && value !== 0xff)", "content.length !== 1"],
		["if (content.length > 1 && sign !== undefined && (content[1]! & 0x80) === sign)", "if (false)"],
		["if (content[0]! & 0x80)", "if (false)"],
	]),
	...mutantsOf(
		"src/x509/certificate.ts",
		["x509/certificate"],
		[
			["if (!equal(innerAlgorithm, signatureAlgorithm))", "if (false)"],
			["if (version !== 0 && version !== 2)", "if (false)"],
			["if (notAfter < notBefore)", "if (false)"],
		],
	),
	...mutantsOf("src/x509/chain.ts", CHAIN, [
		["if (certificates.length > MAX_CERTIFICATES)", "if (false)"],
		[".filter(({ spki }) => equal(spki, expected.spki))", ""],
		["if (!sameId(leaf.commonName, expected.commonName))", "if (false)"],
		["if (isSelfIssued(leaf)) throw", "if (false) throw"],
		["if (!equal(certificate.issuer, issuer.subject))", "if (false)"],
		["(isCa ?? (keyCertSign === true || isSelfIssued(issuer)))", "true"],
		["(isCa ?? (keyCertSign === true || isSelfIssued(issuer)))", "isCa === true"],
		["keyCertSign !== false && ", ""],
		["if (intermediates > (issuer.pathLength ?? MAX_CERTIFICATES))", "if (false)"],
		["if (leaf.notAfter < expected.now)", "if (false)"],
		["if (issuer.notAfter >= this.#now)", "if (true)"],
		["if (++this.#links > MOST_LINKS) break;", "this.#links++;"],
	]),
	...mutantsOf(
		"src/x509/signature.ts",
		[...CHAIN, "x509/csr", "x509/certificate"],
		[
			['return verify(key.type, key.point, digest, signature) ? "right" : "wrong";', 'return "right";'],
			['if (algorithm !== "ecdsa-sha256" && algorithm !== "ecdsa-sha384") return "wrong";', ""],
			['return algorithm.startsWith("ecdsa-") ? "wrong" : "unchecked";', 'return "unchecked";'],
		],
	),
	...mutantsOf(
		"src/x509/csr.ts",
		["x509/csr"],
		[
			['if (checkSignature(algorithm, key, info, signature) === "wrong")', "if (false)"],
			["if (info.smallInteger() !== 0)", "if (info.smallInteger() < 0)"],
			["if (commonName === undefined)", "if (false)"],
			["if (values === 0)", "if (false)"],
		],
	),
	...mutantsOf(
		"src/x509/host.ts",
		["x509/host"],
		[
			[
				'if (!pattern.startsWith("*.")) return pattern === name;',
				'if (!pattern.startsWith("*")) return pattern === name;',
				"what follows the star is compared with the name from its first dot on: it has to begin with one all the same",
			],
			["if (subjectAltName === undefined) return false;", "if (subjectAltName === undefined) return true;"],
			['parent.indexOf(".", 1) > 0 && dot > 0', "dot > 0"],
			["name.slice(dot) === parent", "name.endsWith(parent)"],
			["dot > 0 && name.slice(dot) === parent", "(name === parent.slice(1) || name.slice(dot) === parent)"],
			["found ||= address !== undefined && equal(candidate, address);", "found ||= address !== undefined;"],
		],
	),
	...mutantsOf(
		"src/x509/key.ts",
		["x509/openssl-keys"],
		[
			["if (point !== undefined && point[0] === 4 && !equal(point, signer.publicKey))", "if (false)"],
			["if (key === undefined || keys.length > 1)", "if (key === undefined)"],
			["outerCurve !== undefined && curve !== outerCurve", "false"],
			["(last & 1) === 0", "false"],
			["exponent.length > MAX_EXPONENT_BYTES || ", ""],
			["exponent.length > 1 || last >= 3", "true"],
		],
	),
	...mutantsOf(
		"hw/node/tls-options.ts",
		["node/rules", "node/wire", "node/wire-refusals", "node/wire-openssl"],
		[
			['minVersion: "TLSv1.2"', 'minVersion: "TLSv1"'],
			["rejectUnauthorized: true", "rejectUnauthorized: false"],
			["secureOptions: constants.SSL_OP_NO_RENEGOTIATION,", ""],
			["ciphers: CIPHERS,", ""],
			["if (unknownCritical.length > 0)", "if (false)"],
			['if (publicKey.type === "RSA" && !isRsaExponent(publicKey.exponent))', "if (false)"],
			["if (index > 0 && !certificate.isCa)", "if (false)"],
			["if (!matchesHost(parseCertificate(new Uint8Array(shown.raw)), host))", "if (false)"],
		],
	),
	...mutantsOf(
		"hw/node/wire.ts",
		["node/rules", "node/wire", "node/wire-refusals", "node/wire-openssl"],
		[
			[
				'if (this.#state === "connecting") this.#early.push(bytes);',
				'if (this.#state === "connecting") this.#socket?.write(bytes);',
				"Node's TLSSocket holds what is written until secureConnect was heard, where a wrong server ends it: what it received is asserted",
			],
		],
	),
	...mutantsOf(
		"hw/node/resumption.ts",
		["node/wire-resumption"],
		[
			["now >= kept.from && ", ""],
			["now < kept.until", "true"],
			["now + DAY_MS, earliestEnd", "earliestEnd"],
			["Math.min(now + DAY_MS, earliestEnd(socket.getPeerCertificate(true), options))", "now + DAY_MS"],
			["JSON.stringify([host, port])", "JSON.stringify([port])"],
			["[anchors, additionalAnchors, identity?.chain ?? []]", "[anchors, additionalAnchors]"],
			["[anchors, additionalAnchors, identity?.chain ?? []]", "[identity?.chain ?? []]"],
		],
	),
];
