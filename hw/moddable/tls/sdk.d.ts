/** Of the SDK's TLS and cryptography, what is used here. `object` stands for a Session. */

declare module "ssl/stream" {
	export default class SSLStream {
		constructor(bytes?: Uint8Array | ArrayBuffer, initialBytes?: number);
		readonly bytesAvailable: number;
		/** Each throws a bare Error when too little is left. */
		readChar(): number;
		readChars(bytes: number): number;
		readChunk(bytes: number): ArrayBuffer;
		readChunk(bytes: number, reference: true): Uint8Array;
		writeChar(value: number): void;
		writeChars(value: number, bytes: number): void;
		writeChunk(chunk: Uint8Array | ArrayBuffer): void;
		getChunk(): Uint8Array;
	}
}

declare module "ssl/handshake-sdk" {
	import type SSLStream from "ssl/stream";

	interface Sent {
		packetize(session: object, parameter?: unknown): Uint8Array;
	}
	const handshake: {
		/** Reads one message and hands its body to `this.serverHello` and so on. */
		unpacketize(session: object, stream: SSLStream): void;
		packetize(session: object, type: number, body: SSLStream): Uint8Array;
		readonly serverHello: { unpacketize(session: object, body: SSLStream): void };
		readonly certificate: Sent;
		readonly clientKeyExchange: Sent;
		readonly certificateVerify: { calculateDigest(session: object): ArrayBuffer };
		readonly finished: Sent & { unpacketize(session: object, body: SSLStream): void };
	};
	export default handshake;
}

declare module "ssl/record" {
	const record: {
		unpacketize(session: object, record: Uint8Array): void;
		packetize(session: object, type: number, fragment: Uint8Array): Uint8Array;
	};
	export default record;
}

declare module "ssl/changecipher" {
	const changeCipherSpec: { packetize(session: object): Uint8Array };
	export default changeCipherSpec;
}

declare module "ssl/alert" {
	const alert: { packetize(session: object, level: number, description: number): Uint8Array };
	export default alert;
}

declare module "ssl/constants" {
	export const ECDHE_RSA: number;
	export const AES: number;
	export const GCM: number;
	export const SHA256: number;
}

declare module "rng" {
	const RNG: { get(bytes: number): ArrayBuffer };
	export default RNG;
}

declare module "crypt" {
	export class Digest {
		constructor(name: "SHA256" | "SHA384" | "SHA512");
		process(...parts: (Uint8Array | ArrayBuffer)[]): ArrayBuffer;
		write(bytes: Uint8Array | ArrayBuffer): void;
		close(): ArrayBuffer;
	}
}

declare module "hmac" {
	import type { Digest } from "crypt";
	export default class HMAC {
		constructor(digest: Digest, key: Uint8Array);
		process(...parts: Uint8Array[]): ArrayBuffer;
	}
}

declare module "rsa" {
	export default class RSA {
		/** A private exponent, the modulus, and what Chinese remaindering takes. */
		constructor(...numbers: bigint[]);
		process(value: bigint): bigint;
	}
}

declare module "pkcs1_5" {
	const sign: (key: Uint8Array, digest: ArrayBuffer) => ArrayBuffer;
	export default sign;
}

declare module "Resource" {
	const Resource: new (name: string) => ArrayBuffer;
	export default Resource;
}

interface ArrayBufferConstructor {
	/** UTF-8. */
	fromString(text: string): ArrayBuffer;
	/** Big endian, padded with zeros to `minimumBytes`. */
	fromBigInt(value: bigint, minimumBytes?: number): ArrayBuffer;
}

interface BigIntConstructor {
	/** Big endian and unsigned, unless said otherwise. */
	fromArrayBuffer(bytes: ArrayBuffer, isSigned?: boolean, littleEndian?: boolean): bigint;
}
