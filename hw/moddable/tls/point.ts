/** Is it a point of P-256 (SEC 1 section 3.2.2.1)? RFC 8422 section 5.11 demands the check before ECDH; the SDK makes none. */
export const POINT_BYTES = 65;

const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

/** Uncompressed only. Comparisons avoid ===, which is wrong in XS between a BigInt in ROM and one in RAM. */
export function isPoint(bytes: Uint8Array): boolean {
	if (bytes.length !== POINT_BYTES || bytes[0] !== 4) return false;
	const x = BigInt.fromArrayBuffer(bytes.slice(1, 33).buffer);
	const y = BigInt.fromArrayBuffer(bytes.slice(33).buffer);
	return x < P && y < P && !((y * y - x * x * x + 3n * x - B) % P);
}
