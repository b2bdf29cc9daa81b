/** TLS on the device. */
import { mutantsOf } from "./mutant.ts";

type Changes = Parameters<typeof mutantsOf>[2];

/** `tables`: of test/sim/tls.test.ts, or none for test/sim/tls-resumption.test.ts. */
const onXs = (file: string, tables: string, changes: Changes) =>
	mutantsOf(`hw/moddable/tls/${file}.ts`, [tables === "" ? "sim/tls-resumption" : "sim/tls"], changes, { xs: tables });

/** By a public suite, which $`needs` names. */
const bySuite = (needs: "LIMBO" | "PKITS", changes: Changes) =>
	mutantsOf("hw/moddable/tls/cert.ts", [`suites/${needs.toLowerCase()}`], changes, { xs: "", needs });

export const DEVICE_TLS = [
	...onXs("cert", "chains,names,signatures,exchange", [
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
		["modulus.length >= MIN_MODULUS_BYTES", "true"],
		["modulus.length <= MAX_MODULUS_BYTES", "true"],
		["&& isRsaExponent(exponent)", ""],
	]),
	...onXs("point", "exchange", [
		["x < p && ", ""],
		["y < p && ", ""],
		["&& !((y * y - (x * x + a) * x - b) % p)", ""],
		["bytes[0] !== 4", "false"],
	]),
	...onXs("handshake", "hello,certificates,order,exchange,records", [
		["if (version !== TLS_1_2)", "if (false)"],
		["if (sessionIdBytes > 32)", "if (false)"],
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
		['phase === "ChangeCipherSpec" && contentBytes === 1', 'phase === "ChangeCipherSpec"'],
		['phase === "ChangeCipherSpec" && contentBytes === 1', "contentBytes === 1"],
		["return contentBytes === 2;", "return true;"],
		["return contentBytes > 0;", "return true;"],
		['return phase === "open";', "return true;"],
	]),
	...onXs("client", "order", [
		["!areNames(authorities)", "false"],
		["schemes.length === 0 ||", ""],
		["types.length === 0 ||", ""],
	]),
	...onXs("hello", "hello", [
		["if (!sendsName(host)) break;", ""],
		["if (seen.includes(type))", "if (false)"],
		["if (body.length !== 1 || body[0] !== 0)", "if (false)"],
		["if (body.indexOf(0, 1) < 0)", "if (false)"],
	]),
	...onXs("session", "", [["this.#resumption?.forget();", ""]]),
	...onXs("session", "records", [
		["++this.#emptyRecords > MAX_EMPTY_RECORDS", "false"],
		["!isSealed || this.readSeqNum !== opened", "true"],
		['if (this.phase !== "open") throw new TLSError("the server', 'if (false) throw new TLSError("the server'],
	]),
	...onXs("socket", "resets", [
		["this.#isCut || this.#session", "this.#session"],
		['|| this.#session?.phase === "closed"', ""],
		["(this.#isCut || this.#sending.length === 0)", "this.#sending.length === 0"],
		["if (room === undefined) throw cut();", ""],
		['if (this.#session.phase === "open") this', "this"],
	]),
	...onXs("resumption", "", [
		["equal(kept.parties, parties) && ", ""],
		["now >= kept.from && ", ""],
		["&& now < kept.until", ""],
		["if (offer.authentication !== authentication)", "if (false)"],
		["parties.anchors, parties.clientCertificates", "parties.anchors"],
		["parties.anchors, parties.clientCertificates", "parties.clientCertificates"],
		["	digest.write(ArrayBuffer.fromString(host));", ""],
		["|| bytes.byteLength > MAX_TICKET_BYTES", ""],
		["isAccepted ? offer!.until : this.notAfter", "isAccepted ? offer!.until : Infinity"],
		["		this.#verified = undefined;", ""],
	]),
	...onXs("handshake", "", [
		["fingerprint(host, anchors, chain)", 'fingerprint("", anchors, chain)'],
		["fingerprint(host, anchors, chain)", "fingerprint(host, [], chain)"],
		["fingerprint(host, anchors, chain)", "fingerprint(host, anchors, [])"],
		["isBehind ? undefined : resuming?.store", "resuming?.store"],
		["if (!isBehind && verifiedUntil === undefined)", "if (verifiedUntil === undefined)"],
		["until: notAfter", "until: Infinity"],
	]),
	// What the public suites are for: a rule of paths that is gone has to turn them red, for all the differences that are expected.
	...bySuite("LIMBO", [
		["if (!names(leaf, host))", "if (false)"],
		["if (!isCa || keyCertSign === false)", "if (false)"],
		["if (pathLength !== undefined && intermediates > pathLength)", "if (false)"],
		["if (unknownCritical.length > 0)", "if (false)"],
		["if (now > notAfter)", "if (false)"],
		["if (!isBehind && now < notBefore)", "if (false)"],
	]),
	...bySuite("PKITS", [
		["if (!isCa || keyCertSign === false)", "if (!isCa)"],
		["!equal(certificate.issuer, certificate.subject)", "true"],
		['if (verdict === "wrong")', "if (false)"],
	]),
];
