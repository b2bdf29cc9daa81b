/**
 * The body of a renewal request: `id`, `csr` (base64 DER, 8 KB at most), `replace` (`*` or a request id), nothing else. A
 * null is what Java's and .NET's serialisers write for what is absent.
 */
import { decodeCsr } from "./dialect.ts";
import { parseJson } from "./json.ts";
import type { Problem } from "./problem.ts";

export interface Renewal {
	readonly csr: Uint8Array;
	readonly replace?: string;
}

const MAX_CSR_BYTES = 8192;

export function parseRenewal(body: Uint8Array, deviceId: string): { renewal: Renewal } | { problem: Problem } {
	const invalid = (message: string) => ({ problem: { errorCode: 400004, message } });
	const text = Buffer.from(body).toString("utf8");
	if (text.trim() === "") return invalid("The body is empty.");
	let record: Record<string, unknown>;
	try {
		record = parseJson(text) as Record<string, unknown>;
	} catch {
		return { problem: { errorCode: 400006, message: "The body is not JSON." } };
	}
	if (typeof record !== "object" || record === null || Array.isArray(record))
		return invalid("The body is not an object.");
	const { id, csr, replace, ...others } = record;
	const unknown = Object.keys(others)[0];
	if (unknown !== undefined) return invalid(`Unknown member ${unknown}.`);
	if (id !== deviceId) return invalid("id is not the device that connected.");
	const der = typeof csr === "string" ? decodeCsr("csr", csr) : undefined;
	if (der === undefined) return invalid("csr is missing or not base64.");
	if (der.length > MAX_CSR_BYTES) return invalid("csr exceeds 8 KB.");
	if (replace === undefined || replace === null) return { renewal: { csr: der } };
	if (typeof replace !== "string" || (replace !== "*" && !isRequestId(replace)))
		return invalid("replace is neither * nor a request id.");
	return { renewal: { csr: der, replace } };
}

/** 4 to 36 of [A-Za-z0-9-], neither first nor last a hyphen. */
export function isRequestId(text: string): boolean {
	return /^[A-Za-z0-9][A-Za-z0-9-]{2,34}[A-Za-z0-9]$/.test(text);
}
