/** TLS on the device. */
import { mutantsOf } from "./mutant.ts";

/** `tables`: of test/sim/tls.test.ts, or none for test/sim/tls-resumption.test.ts. */
const onXs = (file: string, tables: string, changes: Parameters<typeof mutantsOf>[2]) =>
	mutantsOf(`hw/moddable/tls/${file}.ts`, [tables === "" ? "sim/tls-resumption" : "sim/tls"], changes, { xs: tables });

export const DEVICE_TLS = [
	...onXs("cert", "chains,names,exchange", [
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
	...onXs("signature", "signatures,other keys", [
		["if (signature.length !== key.modulus.length) return false;", ""],
		["if (value >= modulus) return false;", ""],
		["(last & 1) === 0", "false"],
		["modulus.length < MIN_MODULUS_BYTES", "false"],
		["modulus.length > MAX_MODULUS_BYTES", "false"],
		["exponent.length > 1 || last >= 3", "true"],
	]),
	...onXs("point", "exchange", [
		["x < p && y < p && ", ""],
		["&& !((y * y - (x * x + a) * x - b) % p)", ""],
		["bytes[0] !== 4", "false"],
	]),
	...onXs("handshake", "hello,certificates,order,exchange", [
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
	...onXs("header", "records,order", [
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
	...onXs("client", "order", [
		["!areNames(authorities)", "false"],
		["schemes.length === 0 ||", ""],
		["types.length === 0 ||", ""],
	]),
	...onXs("hello", "hello", [["if (!sendsName(host)) break;", ""]]),
	...onXs("session", "", [["this.#resumption?.forget();", ""]]),
	...onXs("resumption", "", [
		["equal(kept.parties, parties) && ", ""],
		["now >= kept.from && ", ""],
		["&& now < kept.until", ""],
		["if (offer.authentication !== authentication)", "if (false)"],
		["[anchors, clientCertificates]", "[anchors]"],
		["[anchors, clientCertificates]", "[clientCertificates]"],
		["	digest.write(ArrayBuffer.fromString(host));", ""],
		["|| bytes.byteLength > MAX_TICKET_BYTES", ""],
		["isAccepted ? offer!.until : this.notAfter", "isAccepted ? offer!.until : Infinity"],
	]),
];
