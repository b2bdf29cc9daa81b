/** What DPS says, and the configuration. */
import { base64, utf8 } from "../../../src/base/bytes.ts";
import { parseConfig } from "../../../src/config.ts";
import { issuedCertificates, parseTrustBundle } from "../../../src/dps/dialect.ts";
import { failureFault, requestFault } from "../../../src/dps/dps-refusal.ts";
import { parseResponseTopic } from "../../../src/dps/dps-topics.ts";
import { Registration } from "../../../src/dps/registration.ts";
import { SymmetricKey } from "../../../src/dps/sas.ts";
import { parseUpdateSettings } from "../../../src/update/settings.ts";
import { encodePem } from "../../../src/x509/pem.ts";
import { members, over, pieces, type Row, times } from "./row.ts";
import { certificate } from "./x509-rows.ts";

export function dpsRows(): Row[] {
	const answered = (name: string, most: number, state: (size: number) => string): Row => ({
		name: `DPS: ${name}`,
		of: ["src/dps/registration.ts Registration", "src/dps/body.ts BodyReader", "src/dps/dialect.ts issuedCertificates"],
		most,
		prepare: (size) => {
			const bytes = utf8(
				`{"operationId":"1","status":"assigned","registrationState":{"assignedHub":"localhost","deviceId":"d",${state(size)}}}`,
			);
			const registration = new Registration({
				dialect: "2025-07-01-preview",
				registrationId: "d",
				csr: new Uint8Array(1),
				maxMessageBytes: 16_384,
			});
			registration.register();
			const response = registration.take("$dps/registrations/res/200/?$rid=1");
			if (response === undefined) throw new Error("not taken");
			return () => {
				const reader = registration.open(response);
				for (const part of pieces(bytes, 1024)) reader.push(part);
				const action = registration.answer(reader);
				if (action.type === "failed") throw action.fault;
				return issuedCertificates({});
			};
		},
	});
	const refusal = (name: string, most: number, message: (size: number) => string): Row => ({
		name: `DPS: ${name}`,
		of: ["src/dps/dps-refusal.ts requestFault", "src/dps/dps-refusal.ts failureFault"],
		most,
		prepare: (size) => {
			const text = message(size);
			const response = { status: 400, requestId: "1", retryAfterSeconds: 2, retryAfterGiven: false };
			return () => [
				requestFault(response, { errorCode: 400000, message: text }),
				failureFault({ errorCode: 400000, errorMessage: text }),
			];
		},
	});
	return [
		answered("members that nobody knows", 1024, (size) => members(size)),
		answered(
			"certificates",
			4,
			(size) => `"issuedCertificateChain":${JSON.stringify(times(size, () => base64(certificate())))}`,
		),
		answered("a payload", 200, (size) => `"payload":{${members(size)}}`),
		answered("a long payload", 16_384, (size) => `"payload":"${"\u00e9".repeat(size / 2)}"`),
		refusal("a refusal", 2048, (size) => "\u00e9".repeat(size / 2)),
		refusal("a refusal about keys, not quite", 2048, (size) => "key key type".slice(0, 5).repeat(size / 5)),
		refusal("a refusal about signing, not quite", 2048, (size) => "signing reques ".repeat(size / 15)),
		{
			name: "DPS: a trust bundle",
			of: ["src/dps/dialect.ts parseTrustBundle"],
			most: 16,
			prepare: (size) => {
				const entry = { certificate: [certificate()] };
				return over({ id: "a", etag: "b", certificates: times(size, () => entry) }, parseTrustBundle);
			},
		},
		{
			name: "DPS: parameters of a topic",
			of: ["src/dps/dps-topics.ts parseResponseTopic"],
			most: 4096,
			prepare: (size) =>
				over(`$dps/registrations/res/200/?$rid=1&${times(size / 8, (i) => `p${i}=1`).join("&")}`, parseResponseTopic),
		},
	];
}

export function configRows(): Row[] {
	const config = (name: string, most: number, fields: (size: number) => object): Row => ({
		name: `configuration: ${name}`,
		of: ["src/config.ts parseConfig"],
		most,
		prepare: (size) => over({ idScope: "0ne00000000", registrationId: "d", ...fields(size) }, parseConfig),
	});
	return [
		config("anchors", 16, (size) => ({ ca: encodePem("CERTIFICATE", certificate()).repeat(size) })),
		config("a payload", 4096, (size) => ({ payload: JSON.stringify({ p: "\u00e9".repeat(size) }) })),
		config("an id", 64, (size) => ({ registrationId: "d".repeat(size) })),
		config("operations", 512, (size) => ({ operations: times(size, () => "status").join(" ,") })),
		{
			name: "configuration: domains of downloads",
			of: ["src/update/settings.ts parseUpdateSettings"],
			most: 512,
			prepare: (size) => over({ updateHosts: times(size, () => "a-1.example").join(" , ") }, parseUpdateSettings),
		},
		{
			name: "configuration: a symmetric key",
			of: ["src/dps/sas.ts SymmetricKey"],
			most: 256,
			prepare: (size) => over(base64(new Uint8Array(size)), (text) => SymmetricKey.parse(text, "k")),
		},
	];
}
