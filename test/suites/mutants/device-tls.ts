/** TLS on the device. */
import { mutantsOf } from "./mutant.ts";

const TLS = ["sim/tls"];
const XS = { xs: true } as const;
const onXs = (file: string, tests: readonly string[], changes: Parameters<typeof mutantsOf>[2]) =>
	mutantsOf(`hw/moddable/tls/${file}.ts`, tests, changes, XS);

export const DEVICE_TLS = [
	...onXs("cert", TLS, [
		["if (!names(leaf, host))", "if (false)"],
		["if (leaf.digitalSignature === false)", "if (false)"],
		['	checkPurpose(leaf, "certificate 0");', ""],
		["		checkPurpose(certificate, ", "		void (certificate, "],
		["if (!isCa || keyCertSign === false)", "if (keyCertSign === false)"],
		["|| keyCertSign === false", ""],
		["if (pathLength !== undefined && intermediates > pathLength)", "if (false)"],
		["if (unknownCritical.length > 0)", "if (false)"],
		["if (now > notAfter)", "if (false)"],
		["if (!isBehind && now < notBefore)", "if (false)"],
		["				checkIssuer(anchor, ", "				void (anchor, "],
		["				checkUsable(anchor, ", "				void (anchor, "],
		['if (verdict === "wrong")', "if (false)"],
		["equal(issuer, by.subject) ? judge", "true ? judge"],
	]),
	...onXs("signature", TLS, [
		["if (signature.length !== key.modulus.length) return false;", ""],
		["if (value >= modulus) return false;", ""],
		["(last & 1) === 0", "false"],
		["modulus.length < MIN_MODULUS_BYTES", "false"],
		["modulus.length > MAX_MODULUS_BYTES", "false"],
		["exponent.length > 1 || last >= 3", "true"],
	]),
	...onXs("point", TLS, [
		["x < p && y < p && ", ""],
		["&& !((y * y - (x * x + a) * x - b) % p)", ""],
		["bytes[0] !== 4", "false"],
	]),
	...onXs("handshake", TLS, [
		["if (version !== TLS_1_2)", "if (false)"],
		["if (hello.readChar() !== 0)", "if (hello.readChar() < 0)"],
		["if (suite?.authentication === undefined)", "if (suite === undefined)"],
		['(key.type === "RSA") !== (session.authentication === "RSA")', "false"],
		['if (verdict === "wrong")', "if (false)"],
		['if (verdict === "unchecked") throw', "if (false) throw"],
		['if (s.bytesAvailable > 0) throw malformed("ServerKeyExchange");', ""],
		["if (!isPoint(group, point))", "if (false)"],
		["length > MAX_MESSAGE_BYTES || ", ""],
		["|| (length === 0) !== (type === SERVER_HELLO_DONE)", ""],
		["if (s.bytesAvailable !== VERIFY_DATA_BYTES)", "if (false)"],
	]),
	...onXs("header", TLS, [
		["if (content > MAX_FRAGMENT_BYTES)", "if (false)"],
		["if (isSealed && content > session.maxRecordBytes)", "if (false)"],
		[
			'phase === "ChangeCipherSpec" && contentBytes === 1 && filled === 0',
			'phase === "ChangeCipherSpec" && contentBytes === 1',
		],
		["return contentBytes === 2;", "return true;"],
		["return contentBytes > 0;", "return true;"],
		['return phase === "open";', "return true;"],
	]),
	...onXs("client", TLS, [
		["!areNames(authorities)", "false"],
		["schemes.length === 0 ||", ""],
		["types.length === 0 ||", ""],
	]),
	...onXs("hello", TLS, [["if (!sendsName(host)) break;", ""]]),
	...onXs("session", ["sim/tls-resumption"], [["this.#resumption?.forget();", ""]]),
	...onXs(
		"resumption",
		["sim/tls-resumption"],
		[
			["equal(kept.parties, parties) && ", ""],
			["now >= kept.from && ", ""],
			["&& now < kept.until", ""],
			["if (offer.authentication !== authentication)", "if (false)"],
			["[anchors, clientCertificates]", "[anchors]"],
			["[anchors, clientCertificates]", "[clientCertificates]"],
			["	digest.write(ArrayBuffer.fromString(host));", ""],
			["|| bytes.byteLength > MAX_TICKET_BYTES", ""],
			["isAccepted ? offer!.until : this.notAfter", "isAccepted ? offer!.until : Infinity"],
		],
	),
];
