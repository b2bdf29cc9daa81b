/**
 * Shared access signatures of DPS and IoT Hub: HMAC-SHA256 (RFC 2104) over `{sr}\n{expiry}`, where `sr` is the resource
 * percent-encoded exactly as it is sent.
 *
 * The key stays in a private field; a token is as good as the key until it expires, so neither is ever logged.
 */
import { hmacSha256 } from "#digest";
import { base64, fromBase64, utf8 } from "../base/bytes.ts";
import { Fault } from "../fault.ts";

/** A key shorter than this is a typing error (Azure makes 32 or 64 bytes). */
const LEAST_KEY_BYTES = 16;
const MOST_KEY_BYTES = 256;

/**
 * Why this id may have no key of an enrolment group, or undefined: one rule for device, factory and local cloud.
 *
 * DPS compares ids without regard to case ("The registration ID is a case-insensitive string", DPS terminology, Microsoft), but a
 * device's key is the HMAC of the id as it is written, and nobody documents which case the service hashes. In lower case both
 * are the same; Azure's own CLI asks for it (`compute_device_key`, azure-iot-cli-extension).
 */
export function groupIdProblem(registrationId: string): string | undefined {
	const lower = registrationId.toLowerCase();
	if (registrationId === lower) return undefined;
	return `write it in lower case, ${lower}, with a group key: the device's key derives from the id as it is written`;
}

export class SymmetricKey {
	readonly #bytes: Uint8Array;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes.slice();
	}

	/** `field` names the origin in the Fault config.invalid; the text itself never shows. */
	static parse(text: string, field: string): SymmetricKey {
		let bytes: Uint8Array;
		try {
			bytes = fromBase64(text.trim());
		} catch {
			throw new Fault("config.invalid", `${field}: expected base64`);
		}
		if (bytes.length < LEAST_KEY_BYTES || bytes.length > MOST_KEY_BYTES)
			throw new Fault("config.invalid", `${field}: expected ${LEAST_KEY_BYTES} to ${MOST_KEY_BYTES} bytes`);
		return new SymmetricKey(bytes);
	}

	/** The device's own key from an enrolment group's. For test benches: the group key must never ship in a device. */
	derive(registrationId: string): SymmetricKey {
		return new SymmetricKey(hmacSha256(this.#bytes, utf8(registrationId)));
	}

	/** `expires`: unix seconds. `policy`: `registration` for DPS, absent for a device at its hub. */
	token(resource: string, expires: number, policy?: string): string {
		const encoded = encodeURIComponent(resource);
		const signature = encodeURIComponent(base64(hmacSha256(this.#bytes, utf8(`${encoded}\n${expires}`))));
		const name = policy === undefined ? "" : `&skn=${policy}`;
		return `SharedAccessSignature sr=${encoded}&sig=${signature}&se=${expires}${name}`;
	}
}
