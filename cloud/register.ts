/**
 * The body of a DPS register request. May be empty (plain clients). Unknown members are skipped, as the service does.
 *
 * A request for a certificate comes as `csr` (base64 DER, dialects B and D) or `clientCertificateCsr` (PEM, dialect A).
 */
import { type CertificateMember, decodeCsr } from "./dialect.ts";
import { parseJson } from "./json.ts";
import { csrProblem, type Problem } from "./problem.ts";

export interface Register {
	readonly csr?: { readonly member: CertificateMember; readonly der: Uint8Array };
	readonly payload?: unknown;
}

export function parseRegister(body: Uint8Array, registrationId: string): { register: Register } | { problem: Problem } {
	const text = Buffer.from(body).toString("utf8").trim();
	if (text === "") return { register: {} };
	let record: Record<string, unknown>;
	try {
		record = parseJson(text) as Record<string, unknown>;
	} catch {
		return { problem: { errorCode: 400006, message: "The body is not JSON." } };
	}
	if (typeof record !== "object" || record === null || Array.isArray(record))
		return { problem: { errorCode: 400004, message: "The body is not an object." } };
	const id = record.registrationId ?? registrationId;
	if (typeof id !== "string" || id.toLowerCase() !== registrationId)
		return { problem: { errorCode: 400004, message: "registrationId is not the one that connected." } };
	const payload = record.payload === undefined ? {} : { payload: record.payload };
	for (const member of ["csr", "clientCertificateCsr"] as const) {
		const value = record[member];
		if (value === undefined || value === null) continue;
		const der = typeof value === "string" ? decodeCsr(member, value) : undefined;
		if (der === undefined)
			return {
				problem: csrProblem("FailedToDecodeCsr", `${member} is not ${member === "csr" ? "base64 DER" : "PEM"}`),
			};
		return { register: { csr: { member, der }, ...payload } };
	}
	return { register: payload };
}
