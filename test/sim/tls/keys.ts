/** The key schedule of TLS 1.2 and what its AEAD authenticates, by node:crypto. */
import { createHmac } from "node:crypto";

/** Of AES-GCM, RFC 5246 section 6.2.3.3. */
export function additionalData(sequence: bigint, type: number, length: number): Buffer {
	const counter = Buffer.alloc(8);
	counter.writeBigUInt64BE(sequence);
	return Buffer.concat([counter, Buffer.of(type, 3, 3, length >>> 8, length & 255)]);
}

/** RFC 5246 section 5, P_SHA256. */
export function prf(secret: Buffer, label: string, seed: Buffer, bytes: number): Buffer {
	const hmac = (data: Buffer) => createHmac("sha256", secret).update(data).digest();
	const labelled = Buffer.concat([Buffer.from(label), seed]);
	let output: Buffer = Buffer.alloc(0);
	for (let a = hmac(labelled); output.length < bytes; a = hmac(a))
		output = Buffer.concat([output, hmac(Buffer.concat([a, labelled]))]);
	return output.subarray(0, bytes);
}
