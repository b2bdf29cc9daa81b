/** `#digest` on Node: node:crypto. See Digest in src/base/bound.ts. */
import { createHash, createHmac, hash } from "node:crypto";

const plain = (bytes: Buffer): Uint8Array => new Uint8Array(bytes);

export const sha256 = (bytes: Uint8Array): Uint8Array => plain(hash("sha256", bytes, "buffer"));
export const sha384 = (bytes: Uint8Array): Uint8Array => plain(hash("sha384", bytes, "buffer"));
export const hmacSha256 = (key: Uint8Array, bytes: Uint8Array): Uint8Array =>
	plain(createHmac("sha256", key).update(bytes).digest());
export const hmacSha384 = (key: Uint8Array, bytes: Uint8Array): Uint8Array =>
	plain(createHmac("sha384", key).update(bytes).digest());

export function createSha256(): { write(bytes: Uint8Array): void; close(): Uint8Array } {
	const hash = createHash("sha256");
	return { write: (bytes) => void hash.update(bytes), close: () => plain(hash.digest()) };
}
