/**
 * `#digest` on Moddable: the SDK's native hashes, and HMAC (RFC 2104) on top of them. See Digest in src/base/bound.ts.
 *
 * HMAC's padded keys are made by one XOR of BigInts, which costs XS a twentieth of a loop over bytes; RFC 6979 needs
 * a dozen of them for each signature. No comparison of BigInts here, so the module can be preloaded as it is.
 */
import { Digest } from "crypt";

type Hash = "SHA1" | "SHA256" | "SHA384";
type Bytes = Uint8Array | ArrayBuffer;

const ZERO = BigInt(0);

/** Only for what has no need of its strength: RFC 6455 section 1.3. */
export const sha1 = (bytes: Uint8Array): Uint8Array => hash("SHA1", bytes);
export const sha256 = (bytes: Uint8Array): Uint8Array => hash("SHA256", bytes);
export const sha384 = (bytes: Uint8Array): Uint8Array => hash("SHA384", bytes);
export const hmacSha256: (key: Uint8Array, bytes: Uint8Array) => Uint8Array = hmac("SHA256", 64);
export const hmacSha384: (key: Uint8Array, bytes: Uint8Array) => Uint8Array = hmac("SHA384", 128);

export function createSha256(): { write(bytes: Uint8Array): void; close(): Uint8Array } {
	const digest = new Digest("SHA256");
	return { write: (bytes) => digest.write(bytes), close: () => new Uint8Array(digest.close()) };
}

function hash(name: Hash, ...parts: Bytes[]): Uint8Array {
	const digest = new Digest(name as "SHA256"); // the typings leave out SHA1
	for (const part of parts) digest.write(part);
	return new Uint8Array(digest.close());
}

function hmac(name: Hash, blockBytes: number): (key: Uint8Array, bytes: Uint8Array) => Uint8Array {
	const inner = BigInt(`0x${"36".repeat(blockBytes)}`);
	const outer = BigInt(`0x${"5c".repeat(blockBytes)}`);
	const difference = inner ^ outer;
	return (key, bytes) => {
		// RFC 6979 would make a valid signature from damaged pads, with a nonce of nobody's choosing.
		if ((inner ^ outer) - difference) throw new RangeError("hmac: constants are damaged");
		const short = key.length > blockBytes ? hash(name, key) : key;
		const whole = short.byteLength === short.buffer.byteLength ? short : short.slice();
		const number = whole.length > 0 ? BigInt.fromArrayBuffer(whole.buffer as ArrayBuffer) : ZERO;
		const padded = number << BigInt(8 * (blockBytes - short.length));
		const inside = hash(name, ArrayBuffer.fromBigInt(padded ^ inner, blockBytes), bytes);
		return hash(name, ArrayBuffer.fromBigInt(padded ^ outer, blockBytes), inside);
	};
}
