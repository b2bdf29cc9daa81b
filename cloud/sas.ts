/**
 * Shared access signatures, the server's side. HMAC-SHA256 over `sr` exactly as the client wrote it, a newline, `se`.
 *
 * Clients differ in how they percent-encode `sr`, and some leave out `skn`: only the decoded resource is compared.
 */
import { createHmac, timingSafeEqual } from "node:crypto";

export type SasCheck = { /** Milliseconds since 1970. */ readonly expires: number } | { readonly refusal: string };

export function checkSas(
	token: string,
	key: Uint8Array,
	isResource: (resource: string) => boolean,
	now: number,
): SasCheck {
	const text = /^SharedAccessSignature (.+)$/.exec(token)?.[1];
	if (text === undefined) return { refusal: "not a shared access signature" };
	const fields = new Map(text.split("&").map((pair) => split(pair)));
	const resource = decode(fields.get("sr") ?? "");
	const signature = Buffer.from(decode(fields.get("sig") ?? "") ?? "", "base64");
	const expiry = fields.get("se") ?? "";
	if (resource === undefined || !/^\d{1,12}$/.test(expiry)) return { refusal: "malformed shared access signature" };
	if (!isResource(resource)) return { refusal: "signature for another resource" };
	const expected = createHmac("sha256", key)
		.update(`${fields.get("sr")}\n${expiry}`)
		.digest();
	if (signature.length !== expected.length || !timingSafeEqual(signature, expected))
		return { refusal: "wrong signature" };
	const expires = Number(expiry) * 1000;
	return expires > now ? { expires } : { refusal: "signature has expired" };
}

/** The key of one device of a group enrolment. */
export function deriveKey(groupKey: Uint8Array, registrationId: string): Uint8Array {
	return createHmac("sha256", groupKey).update(registrationId).digest();
}

function split(pair: string): [string, string] {
	const at = pair.indexOf("=");
	return at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
}

function decode(text: string): string | undefined {
	try {
		return decodeURIComponent(text);
	} catch {
		return undefined;
	}
}
