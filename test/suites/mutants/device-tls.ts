/** TLS on the device. */
import { mutantsOf } from "./mutant.ts";

type Changes = Parameters<typeof mutantsOf>[2];

/** `tables`: of test/sim/tls.test.ts, or none for what is kept from one connection to the next. */
const onXs = (file: string, tables: string, changes: Changes) =>
	mutantsOf(
		`hw/moddable/tls/${file}.ts`,
		tables === "" ? ["sim/tls-resumption", "sim/tls-known"] : ["sim/tls"],
		changes,
		{ xs: tables },
	);

/** By a public suite, which $`needs` names. */
const bySuite = (needs: "LIMBO" | "PKITS", changes: Changes) =>
	mutantsOf("hw/moddable/tls/cert.ts", [`suites/${needs.toLowerCase()}`], changes, { xs: "", needs });

export const DEVICE_TLS = [
	...onXs("cert", "chains,names,signatures,exchange", [
		["if (!isNamed)", "if (false)"],
		["if (certificate.digitalSignature === false)", "if (false)"],
		['checkPurpose(certificate, "certificate 0");', ""],
		["checkPurpose(certificate, what);", ""],
		[
			"		if (this.isAnchored) return;",
			"",
			"nothing is added behind an anchor, but where one has become valid on a way that is known",
		],
		["if (certificate.isAnchor) this.isAnchored = true;", "if (certificate.isAnchor) return;"],
		["this.#last = certificate;", "this.#last ??= certificate;"],
		["if (!isCa || keyCertSign === false)", "if (keyCertSign === false)"],
		["|| keyCertSign === false", ""],
		["if (pathLength !== undefined && intermediates > pathLength)", "if (false)"],
		["if (unknownCritical.length > 0)", "if (false)"],
		["if (now > notAfter)", "if (false)"],
		["if (!isBehind && now < notBefore)", "if (false)"],
		["checkIssuer(anchor, ", "void (anchor, "],
		["checkIssuer(certificate, ", "void (certificate, "],
		["checkUsable(anchor, ", "void (anchor, "],
		["checkUsable(certificate, ", "void (certificate, "],
		['if (verdict === "wrong")', "if (false)"],
		["equal(issuer, by.subject) ? judge", "true ? judge"],
	]),
	...onXs("signature", "signatures,other keys", [
		["if (signature.length !== length) return false;", ""],
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
		["isCertificate ? MAX_CERTIFICATES_BYTES : ", ""],
		["isCertificate ? MAX_CERTIFICATES_BYTES : MAX_MESSAGE_BYTES", "isCertificate ? MAX_CERTIFICATES_BYTES : Infinity"],
		["isCertificate ? MAX_CERTIFICATES_BYTES : MAX_MESSAGE_BYTES", "isCertificate ? Infinity : MAX_MESSAGE_BYTES"],
		["(length === 0) !== (type === SERVER_HELLO_DONE)", "false"],
		["hear(session, header);", ""],
		["hear(session, session.partial);", ""],
		["if (s.bytesAvailable !== VERIFY_DATA_BYTES)", "if (false)"],
	]),
	...onXs("certificates", "chains,certificates,order,exchange", [
		["Math.min(this.#left, most)", "this.#left"],
		["Math.min(this.#left, most)", "most"],
		["isList ? length === this.#left", "isList ? length <= this.#left"],
		["isList ? length === this.#left", "isList ? length >= this.#left"],
		["part.length < LENGTH_BYTES || ", ""],
		["this.#count++ === MAX_CERTIFICATES", "this.#count++ === 900"],
		["if (this.#count === 0)", "if (false)", "a path of no certificate leads to no anchor either"],
		["if (length === 0) this.#read(part.subarray(LENGTH_BYTES));", ""],
		["if (this.#leafKey === undefined) checkName", "if (false) checkName"],
		["this.#leafKey ??= extracted", "this.#leafKey = extracted"],
		["		this.#path.end();", ""],
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
	...onXs("session", "", [["this.#resumption?.failed();", ""]]),
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
		["equal(kept.parties.subarray(0, parties.length), parties)", "true"],
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
	...onXs("certificates", "", [
		["fingerprint(host, anchors)", 'fingerprint("", anchors)'],
		["fingerprint(host, anchors)", "fingerprint(host, [])"],
		["process(this.#print, der)", "process(this.#print)"],
		["process(this.#print, der)", "process(der)"],
		["this.#isBehind ? undefined : resuming", "resuming"],
		["if (!this.#isBehind && !this.#isKnown)", "if (!this.#isKnown)"],
		["until: notAfter", "until: Infinity"],
		["known?.parties.length === this.#prints.length", "known !== undefined"],
		["this.#path.add(certificate, this.#known !== undefined)", "this.#path.add(certificate, true)"],
		["if (!isOfPath) return;", "return;"],
	]),
	// What the public suites are for: a rule of paths that is gone has to turn them red, for all the differences that are expected.
	...bySuite("LIMBO", [
		["if (!isNamed)", "if (false)"],
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
