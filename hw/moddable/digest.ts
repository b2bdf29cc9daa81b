/** `#digest` on Moddable: the SDK's native hashes. See Digest in src/port.ts. */
import { Digest } from "crypt";
import HMAC from "hmac";

type Hash = "SHA256" | "SHA384";

const hash = (name: Hash, bytes: Uint8Array): Uint8Array => new Uint8Array(new Digest(name).process(bytes));
const hmac = (name: Hash, key: Uint8Array, bytes: Uint8Array): Uint8Array =>
	new Uint8Array(new HMAC(new Digest(name), key).process(bytes));

export const sha256 = (bytes: Uint8Array): Uint8Array => hash("SHA256", bytes);
export const sha384 = (bytes: Uint8Array): Uint8Array => hash("SHA384", bytes);
export const hmacSha256 = (key: Uint8Array, bytes: Uint8Array): Uint8Array => hmac("SHA256", key, bytes);
export const hmacSha384 = (key: Uint8Array, bytes: Uint8Array): Uint8Array => hmac("SHA384", key, bytes);

export function createSha256(): { write(bytes: Uint8Array): void; close(): Uint8Array } {
	const digest = new Digest("SHA256");
	return { write: (bytes) => digest.write(bytes), close: () => new Uint8Array(digest.close()) };
}
