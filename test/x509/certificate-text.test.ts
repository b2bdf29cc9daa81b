/** src/x509/certificate-text.ts: certificates in texts that come in pieces, as readCertificates reads them whole; and what it refuses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createEntity } from "../../cloud/pki.ts";
import { base64, concat, utf8 } from "../../src/base/bytes.ts";
import { readCertificates } from "../../src/x509/certificate.ts";
import { CertificateText, chainBytes, type Room } from "../../src/x509/certificate-text.ts";
import { encodePem } from "../../src/x509/pem.ts";
import { issue } from "../sim/tls/pki.ts";
import { mutations } from "../support/mutate.ts";
import { isFault } from "../support/random.ts";

const now = Date.now();
const span = { notBefore: now - 3_600_000, notAfter: now + 3_600_000 };
const root = await createEntity("P-384", { commonName: "Root", role: { kind: "root" }, ...span });
const leaf = await createEntity("P-256", { commonName: "my_device", role: { kind: "client" }, ...span }, root);
const rsa = await issue({ name: "rsa", type: "RSA-4096", ca: {} });
const DERS = [leaf, root].map(({ certificate }) => new Uint8Array(certificate.rawData));
const PEM = DERS.map((der) => encodePem("CERTIFICATE", der));

function read(text: string, piece = text.length, room: Room = { bytes: 8192, certificates: 9 }): Uint8Array[] {
	const reader = new CertificateText(room);
	const bytes = utf8(text);
	for (let at = 0; at < bytes.length; at += piece) reader.push(bytes.subarray(at, at + piece));
	return reader.end();
}

test("every form of a text, in pieces of any size", () => {
	const key = encodePem("PRIVATE KEY", new Uint8Array(40));
	for (const [text, expected] of [
		[base64(DERS[0]!), DERS.slice(0, 1)],
		[` ${base64(DERS[1]!).replace(/.{76}/g, "$&\r\n")}\t`, DERS.slice(1)],
		[PEM[0]!, DERS.slice(0, 1)],
		[PEM.join(""), DERS],
		[PEM.join("\n").replaceAll("\n", "\r\n"), DERS],
		[PEM.join(" ").replaceAll("\n", " "), DERS],
		[`Bag Attributes: <none>\n-- and - dashes ----\n${PEM[0]}\nsubject=CN = x-y\n${key}${PEM[1]}the end\n`, DERS],
		[base64(rsa.der), [rsa.der]],
	] as const)
		for (const piece of [1, 2, 3, 7, 64, 65, 300, text.length])
			assert.deepEqual(read(text, piece).map(base64), expected.map(base64), `${text.slice(0, 40)} by ${piece}`);
});

test("what is none is refused, whatever comes behind it", () => {
	const [one = "", body = base64(DERS[0]!)] = [PEM[0]];
	for (const [text, code] of [
		["", "x509.der"],
		["A".repeat(4000), "x509.der"],
		["*".repeat(4000), "x509.pem"],
		// Behind padding it is no base64 any more; whether there is some is up to a signature's length.
		[`${body}AAAA`, body.endsWith("=") ? "x509.pem" : "x509.der"],
		[body.slice(0, -4), "x509.der"],
		[body.slice(0, -3), "x509.pem"],
		[`${body.slice(0, 9)}=${body.slice(9)}`, "x509.pem"],
		[base64(concat(DERS[0]!, DERS[1]!)), "x509.der"],
		["-----BEGIN CERTIFICATE-----", "x509.pem"],
		["-----BEGIN CERTIFICATE-----".repeat(30), "x509.pem"],
		[one.replace("END CERTIFICATE", "END CERT"), "x509.pem"],
		[one.replace("-----\n", "-----\nProc-Type: 4,ENCRYPTED\n"), "x509.pem"],
		["-".repeat(3000), "x509.certificate"],
		[encodePem("PRIVATE KEY", DERS[0]!), "x509.certificate"],
	] as const)
		for (const piece of [1, 64, Math.max(1, text.length)])
			assert.throws(() => read(text, piece), isFault(code, "x509.der"), `${text.slice(0, 40)} by ${piece}`);
});

test("no more room is taken than there is, and by what its first bytes say", () => {
	const announced = base64(Uint8Array.of(0x30, 0x82, 0xff, 0xff, 0));
	assert.throws(() => read(announced), isFault("x509.certificate"));
	const room = { bytes: DERS[0]!.length + DERS[1]!.length, certificates: 9 };
	assert.equal(read(PEM.join(""), 100, room).length, 2);
	assert.equal(room.bytes, 0);
	assert.throws(() => read(PEM[0]!, 100, room), isFault("x509.certificate"));
	const [few, tiny] = [{ bytes: 8192, certificates: 3 }, "MIEBAA=="];
	assert.equal(read(PEM.join(""), 100, few).length, 2);
	assert.equal(read(tiny, 100, few).length, 1);
	const block = `-----BEGIN CERTIFICATE-----${tiny}-----END CERTIFICATE-----`;
	for (const text of [tiny, block, `${tiny.repeat(9)}${block.repeat(9)}`])
		assert.throws(() => read(text, 100, few), isFault("x509.certificate"));
	// Three as public CAs have them, on a board.
	assert.ok(3 * rsa.der.length < chainBytes(2048));
});

test("a spoiled text gives nothing but what readCertificates finds in it whole, or a Fault", () => {
	const outcome = (take: () => Uint8Array[]): string => {
		try {
			return take().map(base64).join();
		} catch (thrown) {
			assert.ok(isFault("x509.pem", "x509.der", "x509.certificate")(thrown), String(thrown));
			return "refused";
		}
	};
	for (const spoiled of mutations(utf8(`${PEM[0]}${PEM[1]}`), 2000)) {
		const text = String.fromCharCode(...spoiled);
		const whole = outcome(() => readCertificates(text).map(({ der }) => der));
		const piecewise = outcome(() => read(text, 50));
		if (whole !== "refused" && piecewise !== "refused")
			for (const der of piecewise.split(",")) assert.ok(whole.includes(der), text);
	}
});
