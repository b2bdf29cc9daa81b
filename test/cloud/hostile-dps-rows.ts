/** What a device that may register sends in place of a register request, over MQTT and over HTTPS. */
import { generateKeyPairSync } from "node:crypto";
import { element, Tag } from "../../src/x509/der.ts";
import { publish, times } from "../support/hostile/row.ts";
import { attribute, base64, csr, dnsNames, extension, extensions, named, nested } from "./hostile-csr.ts";
import { DEEP, levels, MANY, type Row } from "./hostile-row.ts";

const ID = "dev-003";
const json = JSON.stringify;
const asked = (request: string): string => json({ registrationId: ID, csr: request });

const PEM = `-----BEGIN CERTIFICATE REQUEST-----\n${csr(ID)}\n-----END CERTIFICATE REQUEST-----\n`;

/** With the status of the answer. */
const BODIES: readonly (readonly [name: string, body: string, status: number])[] = [
	["nothing", "", 200],
	["no JSON", "}".repeat(4000), 400],
	["JSON that is cut", '{"registrationId":"dev', 400],
	["null", "null", 400],
	["an array", "[]", 400],
	["a text", '"dev-003"', 400],
	["a number of 10,000 digits", "1".repeat(10_000), 400],
	["5,400 levels", DEEP, 400],
	["a payload of 65 levels", `{"payload":${levels(64)}}`, 400],
	["a payload of 64 levels", `{"payload":${levels(63)}}`, 200],
	["3,000 members that nobody knows", MANY(3000), 200],
	["a payload of 60 KB", json({ payload: "p".repeat(60_000) }), 200],
	["members of every object's own", '{"__proto__":{"csr":1},"constructor":{},"toString":1}', 200],
	["a name twice, the second another device's", `{"registrationId":"${ID}","registrationId":"dev-001"}`, 400],
	["a registration id that is an object", '{"registrationId":{}}', 400],
	["a registration id of 30 KB", json({ registrationId: "r".repeat(30_000) }), 400],
	["a CSR that is an array", json({ csr: [csr(ID)] }), 400],
	["a CSR that is a number", '{"csr":1}', 400],
	["a CSR that is an object", '{"csr":{}}', 400],
	["a CSR that is empty", '{"csr":""}', 400],
	["a CSR that is null", '{"csr":null}', 200],
	["a CSR that is no base64", asked("*".repeat(4000)), 400],
	["a CSR of zeros", asked(base64(new Uint8Array(4000))), 400],
	["a CSR of 9 KB", asked(base64(new Uint8Array(9000))), 400],
	["a CSR of 40 KB", asked(base64(new Uint8Array(30_000))), 400],
	["a CSR of 2,000 levels", asked(base64(nested(2000))), 400],
	["a CSR twice, the second a number", `{"csr":"${csr(ID)}","csr":1}`, 400],
	["a PEM that is none", json({ clientCertificateCsr: "-----BEGIN CERTIFICATE REQUEST-----\n".repeat(500) }), 400],
	["a CSR for another device", asked(csr("dev-001")), 400],
	["a CSR without a name", asked(csr("", { name: element(Tag.SEQUENCE) })), 400],
	["a CSR with a name of 7 KB", asked(csr("n".repeat(7000))), 400],
	["a CSR of version 2", asked(csr(ID, { version: 1 })), 400],
	["a CSR with 250 attributes", asked(csr(ID, { attributes: times(250, () => attribute("1.2.3", nested(3))) })), 200],
	["a CSR with 500 extensions", asked(csr(ID, { attributes: [extensions(...some(500))] })), 200],
	[
		"a CSR with an extension of 2,500 names",
		asked(csr(ID, { attributes: [extensions(extension(dnsNames(2500)))] })),
		200,
	],
	[
		"a CSR with an extension of 3,000 names, over 8 KB",
		asked(csr(ID, { attributes: [extensions(extension(dnsNames(3000)))] })),
		400,
	],
	["a PEM in an array", json({ clientCertificateCsr: [PEM] }), 400],
	["a CSR with 400 lists of extensions", asked(csr(ID, { attributes: times(400, () => extensions()) })), 200],
	["a CSR with an attribute of 1,500 levels", asked(csr(ID, { attributes: [nested(1500)] })), 200],
	["a CSR with more than attributes", asked(csr(ID, { behind: times(200, () => nested(2)) })), 200],
	[
		"a CSR with 200 names",
		asked(csr(ID, { name: element(Tag.SEQUENCE, ...times(200, () => named(ID).subarray(2))) })),
		400,
	],
	[
		"a CSR of a curve that is not known",
		asked(csr(ID, { keys: generateKeyPairSync("ec", { namedCurve: "secp521r1" }) })),
		400,
	],
];

function some(count: number): Uint8Array[] {
	return times(count, (i) => extension(Uint8Array.of(5, 0), `1.2.${i % 128}`));
}

const REGISTER = "$dps/registrations/PUT/iotdps-register/?$rid=1";

export function dpsRows(): Row[] {
	return [
		...BODIES.map(
			([name, body, status]): Row => ({ door: "dps", name, bytes: publish(REGISTER, body), outcome: `${status} open` }),
		),
		...BODIES.map(
			([name, body, status]): Row => ({
				door: "tls",
				name: `DPS over HTTPS: ${name}`,
				bytes: [
					`PUT /SCOPE/registrations/${ID}/register?api-version=2025-07-01-preview HTTP/1.1`,
					"Host: localhost",
					"Authorization: DPS-TOKEN",
					"Connection: close",
					`Content-Length: ${Buffer.byteLength(body)}`,
					`\r\n${body}`,
				].join("\r\n"),
				outcome: `${status} ends`,
			}),
		),
	];
}
